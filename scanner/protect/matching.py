"""What every target says in its own language: which requests ask for a script, and what opens it.

Nothing of a name or of a value is written literally into a pattern but ASCII letters, digits and `_`. Everything else
becomes its number in hexadecimal, which Apache, nginx, ModSecurity, HAProxy (all PCRE) and Go (RE2) read alike. So no
quote, `#`, `$`, backslash or line end of a name can end a string, start a comment or become a variable.
"""

from __future__ import annotations

import re

import msgspec

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection

SHORTEST = 22
"""Characters of the shortest accepted secret: 128 bits in base64; in hexadecimal they are 32."""
UNLOCK = "__redcap_unlock"
"""Page below the base path that hands the cookie out."""
COOKIE_SECONDS = 1800
"""How long a browser stays unlocked."""
SECRET_CLASS = "[A-Za-z0-9._~-]"  # noqa: S105  a class of characters, not a secret
"""Characters that need no encoding in a header, a cookie or a query (RFC 3986, unreserved)."""
_TAKEN = frozenset(
    {"accept", "authorization", "connection", "content-length", "content-type", "cookie", "expect", "forwarded", "host",
     "keep-alive", "origin", "proxy-authorization", "proxy-connection", "range", "referer", "te", "trailer",
     "transfer-encoding", "upgrade", "user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
)  # fmt: skip
"""Headers that browsers, proxies and servers set or change by themselves."""
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}\Z")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,100}\Z")
_BASE = re.compile(r"/(?:[A-Za-z0-9_.~-]{1,100}/){0,20}\Z")
_PLAIN = re.compile(rf"{SECRET_CLASS}{{{SHORTEST},200}}\Z")
_PRINTABLE = re.compile(rf"[!-~]{{{SHORTEST},200}}\Z")
_VERSION = "@"
_LONGEST_NAME = 64
_CONTROL = 0x20
_DELETE = 0x7F
_ASCII = 0x80


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a request may carry a secret."""

    kind: str
    """`header`, `cookie` or `query`."""
    name: str


class Group(msgspec.Struct, frozen=True):
    """Scripts that the same requests open."""

    mode: Mode
    scripts: tuple[ProtectedScript, ...]
    places: tuple[Place, ...]
    """Empty: nothing opens them."""

    @property
    def name(self) -> str:
        """Word for identifiers of the product's language."""
        return f"redcap_{self.mode.value}"


def checked(protection: Protection) -> Protection:
    """The protection, if it can be written safely in every language.

    Raises: ConfigurationError when a name or a value cannot be carried or written, or when nothing could ever open a
    script that is to be opened.
    """
    if not protection.scripts:
        _refuse("there is no script to protect")
    for script in protection.scripts:
        _check_script(script)
    check_names(protection)
    _check_secrets(protection)
    return protection


def check_names(protection: Protection) -> None:
    """Raises: ConfigurationError when header, cookie, query argument or base path cannot be what they are for."""
    if protection.header.lower() in _TAKEN:
        _refuse(f"the header {protection.header!r} means something in HTTP: take one of your own, as X-Redcap-Secret")
    if not _HEADER.match(protection.header):
        _refuse(f"the header name {protection.header!r} may have letters, digits and hyphens only")
    for what, word in (("cookie", protection.cookie), ("query argument", protection.query)):
        if word is not None and not _WORD.match(word):
            _refuse(f"the name {word!r} of the {what} may have letters, digits, dots, hyphens and underscores only")
    if not _BASE.match(protection.base_path) or {".", ".."} & set(protection.base_path.split("/")):
        _refuse(f"the base path {protection.base_path!r} must start and end with a slash and have plain folder names")


def _check_script(script: ProtectedScript) -> None:
    for text in (script.name, *script.paths):
        if any(ord(char) < _CONTROL or ord(char) == _DELETE for char in text):
            _refuse(f"the script name {text!r} has a control character")
        if any("\ud800" <= char <= "\udfff" for char in text):
            _refuse(f"the script name {text!r} is not valid Unicode")
    if len(script.name.encode()) > _LONGEST_NAME:
        _refuse(f"the script name {script.name[:_LONGEST_NAME]!r}... is longer than {_LONGEST_NAME} bytes")
    if not script.name or "/" in script.name:
        _refuse(f"{script.name!r} is not the name of a script")


def _check_secrets(protection: Protection) -> None:
    opened = [script for script in protection.scripts if script.mode is not Mode.BLOCK]
    if opened and not protection.secrets:
        _refuse(f"{opened[0].name} is to be opened by a secret, but no secret is named")
    variables = [variable(secret) for secret in protection.secrets]
    if len(set(variables)) < len(variables):
        _refuse("the current and the next secret have the same name")
    header_only = protection.query is None and all(script.mode is not Mode.COOKIE for script in opened)
    for secret in protection.secrets:
        if secret.value is not None and not (_PRINTABLE if header_only else _PLAIN).match(secret.value):
            which = "visible ASCII characters" if header_only else "letters, digits and - . _ ~"
            _refuse(f"the {secret.slot} secret must have {SHORTEST} to 200 {which}; 64 hexadecimal digits are best")


def _refuse(message: str) -> None:
    raise ConfigurationError(message)


def groups(protection: Protection) -> tuple[Group, ...]:
    """Scripts by what opens them; those that nothing opens last, since in several products the last word counts."""
    return tuple(
        Group(mode, scripts, places(protection, mode))
        for mode in (Mode.HEADER, Mode.COOKIE, Mode.BLOCK)
        if (scripts := tuple(sorted(script for script in protection.scripts if script.mode is mode)))
    )


def places(protection: Protection, mode: Mode) -> tuple[Place, ...]:
    """Where a secret opens a script of this mode. What a browser opens by a cookie, a program opens by the header."""
    if mode is Mode.BLOCK:
        return ()
    found = [Place("header", protection.header)]
    if mode is Mode.COOKIE:
        found.append(Place("cookie", protection.cookie))
    if protection.query is not None:
        found.append(Place("query", protection.query))
    return tuple(found)


def variable(secret: AcceptedSecret) -> str:
    """Environment variable (or Apache `Define`) of a referenced secret: `redcap/current` is `REDCAP_CURRENT`.

    Raises: ConfigurationError when the reference has no letter or digit.
    """
    word = re.sub(r"[^A-Z0-9]+", "_", secret.reference.upper()).strip("_")
    if not word:
        _refuse(f"the reference {secret.reference!r} of the {secret.slot} secret has no letter or digit")
    return word if word[0].isalpha() else f"SECRET_{word}"


def secret_pattern(secret: AcceptedSecret) -> str:
    """Pattern of a value.

    A referenced one is put in as `${NAME}` by the product or when it is deployed: one that is not replaced, is empty or
    too short matches nothing.
    """
    if secret.value is not None:
        return literal(secret.value)
    return f"(?={SECRET_CLASS}{{{SHORTEST}}})${{{variable(secret)}}}"


def literal(text: str, *, unicode: bool = False) -> str:
    r"""Pattern for exactly this text.

    What is not ASCII is bytes of UTF-8 as `\xHH`, or code points as `\x{H}` where the engine reads Unicode (RE2).
    """
    return "".join(char if _kept(char) else _escaped(char, unicode=unicode) for char in text)


def _kept(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())


def _escaped(char: str, *, unicode: bool) -> str:
    if unicode and ord(char) >= _ASCII:
        return f"\\x{{{ord(char):x}}}"
    return "".join(f"\\x{byte:02x}" for byte in char.encode())


def encoded(text: str, *, unicode: bool = False) -> str:
    """Pattern for this text with any of its characters percent-encoded any number of times.

    A proxy that forwards the decoded path makes the server behind it decode once more.
    """
    return "".join(_encoded(char, unicode=unicode) for char in text)


def _encoded(char: str, *, unicode: bool) -> str:
    text = literal(char, unicode=unicode)
    if char.isascii() and char.isalpha():  # 0x41 and 0x61, 0x5a and 0x7a: the cases differ in the first digit
        code = ord(char.lower())
        digits = f"{_ANY_PERCENT}[{(code >> 4) - 2:x}{code >> 4:x}]{code & 15:x}"
    else:
        digits = "".join(f"{_ANY_PERCENT}{byte:02x}" for byte in char.encode())
    more = "|\\x20" if char == "+" else ""  # a decoder of queries makes a blank of it
    return f"(?:{text}|{digits}{more})"


def names_pattern(scripts: tuple[ProtectedScript, ...]) -> str:
    """Alternatives of the scripts' base names. Names are compared without case by those who use it."""
    return "|".join(dict.fromkeys(literal(_lower(script.name)) for script in scripts))


def path_patterns(protection: Protection, scripts: tuple[ProtectedScript, ...], *, unicode: bool = False) -> list[str]:
    """Patterns of which one finds a path that asks for one of the scripts: a whole segment, whatever follows it.

    What is percent-encoded counts too, however often, so the path may be given decoded or not. Compare without case.
    The segment may end by blanks and dots (which Windows drops), a path separator, `;`, `:` (streams of NTFS), `?`,
    `#`, or `%`. Folders are not looked at: normalising a path loses what the server may still see.
    """
    names = "|".join(dict.fromkeys(encoded(_lower(script.name), unicode=unicode) for script in scripts))
    patterns = [rf"(?:^|{_SEPARATOR})(?:{names})[\s.]*{_END}"]
    stems = sorted({stem for script in scripts for stem in _stems(_lower(script.name))})
    if protection.multiviews and stems:
        patterns.append(_without_extension(_folders(protection, scripts), stems, unicode=unicode))
    return patterns


def _without_extension(folders: list[str], stems: list[str], *, unicode: bool) -> str:
    """Apache's MultiViews serves `cron.php` as `/cron`.

    Only below the folders that hold a script: elsewhere `install` and `upgrade` are ordinary words of a path.
    """
    inside = "|".join((r"(?:\.|%(?:25)*2e){1,2}", *(_folder(name, unicode=unicode) for name in folders)))
    words = "|".join(encoded(stem, unicode=unicode) for stem in stems)
    return rf"(?:^{_SEPARATOR}*|{_SEPARATOR}(?:{inside}){_SEPARATOR}+)(?:{words}){_END}"


def _stems(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts)) if parts[0]]


def _folders(protection: Protection, scripts: tuple[ProtectedScript, ...]) -> list[str]:
    """Names of the last folders above the scripts, `redcap_v@` among them."""
    found = {_lower(path.split("/")[-2]) for script in scripts for path in script.paths if "/" in path}
    found.update(_lower(protection.base_path).strip("/").split("/")[-1:])
    return sorted(found - {""})


def _folder(name: str, *, unicode: bool) -> str:
    before, version, after = name.partition(_VERSION)
    middle = r"[^/\x5c]*" if version else ""
    return f"{encoded(before, unicode=unicode)}{middle}{encoded(after, unicode=unicode)}"


def _lower(text: str) -> str:
    """ASCII letters in lower case; what a server folds beyond ASCII depends on its locale."""
    return re.sub("[A-Z]+", lambda found: found[0].lower(), text)


_ANY_PERCENT = "%(?:25)*"
_SEPARATOR = rf"(?:[/\x5c]|{_ANY_PERCENT}(?:2f|5c))"
_END = r"(?:$|[/\x5c;:?\x23%])"


def comment(text: str) -> str:
    """Text for a comment line in any of the languages. A trailing backslash would continue the line in Apache's."""
    return re.sub(r"[^A-Za-z0-9 ._,;:@/()'+-]", "?", text)


def unlock_page(protection: Protection) -> str:
    """HTML form that sends the secret in the header, never in an address, and so gets the cookie.

    One line, without double quote, dollar, backslash, per cent, backtick and number sign: it stands inside quotes of
    every language.
    """
    links = "".join(
        f"<li><a href={protection.base_path}{path}>{path}</a>"
        for script in protection.scripts
        if script.mode is Mode.COOKIE
        for path in sorted(script.paths)
        if re.fullmatch(r"[A-Za-z0-9_.-]+", path)
    )
    return (
        "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer><title>REDCap: locked</title>"
        "<form id=f><label>Secret <input id=s type=password autocomplete=off autofocus></label> <button>Unlock</button>"
        f"</form><p id=m></p><ul>{links}</ul><script>f.onsubmit=function(e){{e.preventDefault();"
        f"fetch(location.pathname,{{headers:{{'{protection.header}':s.value}}}}).then(function(r){{"
        "m.textContent=r.status===204?'Unlocked for 30 minutes.':'Refused.'})};</script>"
    )


def cookie_attributes(protection: Protection) -> str:
    """What follows the cookie's value in `Set-Cookie`."""
    return f"Path={protection.base_path}; Max-Age={COOKIE_SECONDS}; Secure; HttpOnly; SameSite=Strict"


def unlock_path(protection: Protection) -> str | None:
    """Address path of the page that hands the cookie out; None when no script is opened by one."""
    has_cookie = any(script.mode is Mode.COOKIE for script in protection.scripts)
    return f"{protection.base_path}{UNLOCK}" if has_cookie else None
