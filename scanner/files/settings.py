"""Settings of web servers and of PHP: Apache, nginx, IIS, `.user.ini` and `php.ini`.

Grades of a `server-setting`: `trick` makes the server run code that nobody opens; `weak` takes protection away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import Text, is_elsewhere, normalise
from scanner.files.diverting import hosts_of, is_diverting
from scanner.files.pieces import Found

_LINE = re.compile(rb"[^\r\n]++")
_MAX_LINES = 20_000
_TRICKS = re.compile(r"(?:auto_prepend_file|auto_append_file)\Z", re.IGNORECASE)
_CODE_SETTINGS = frozenset(
    {"extension", "zend_extension", "extension_dir", "opcache.preload", "opcache.file_cache", "browscap"}
)
_EMPTY = frozenset({"", "none", "off", "0", "no", "false", "null"})
_WEAK = {
    "allow_url_include": "on", "allow_url_fopen": "on", "enable_dl": "on", "register_globals": "on",
    "display_errors": "on", "expose_php": "on", "open_basedir": "none", "disable_functions": "none",
    "disable_classes": "none", "session.cookie_httponly": "off", "session.cookie_secure": "off",
    "suhosin.executor.disable_eval": "off", "phar.readonly": "off", "short_open_tag": "on", "zend.multibyte": "on",
}  # fmt: skip
_ON = frozenset({"on", "1", "yes", "true"})
_PHP_TYPE = re.compile(
    r"(?:x-httpd-(?:php|eaphp|cgi|ea-)|php-script|php\d*-fcgi|application/x-lsphp|proxy:(?:unix|fcgi):|cgi-script)",
    re.IGNORECASE,
)
_INTERPRETER = re.compile(
    r"\A/(?:cgi-bin|cgi-sys|fcgi-bin|php-bin)/php[\d.]*(?:-cgi|-fcgi)?(?:\.f?cgi)?\Z", re.IGNORECASE
)
"""PHP itself as a program of the server, where Apache's manual puts such programs (mod_actions)."""
_PHP_NAME = re.compile(r"\.?(?:php\d?|phtml|phar|pht|phps|inc)\Z", re.IGNORECASE)
_IN_CONTEXT = re.compile(r"<Files(?:Match)?\s+~?\s*[\"']?([^\"'>]+)", re.IGNORECASE)
_PHP_FILES = re.compile(r"ph(?:p|\(|ar|t|\[)", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:https?|wss?|fcgi|ajp|h2c?|uwsgi|scgi|balancer)://[^\s\"'<>;,\]\[]+|(?<=\s)//[\w.-]+\.[\w-]+[^\s\"']*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|(\S++)")
_OWN = re.compile(
    r"(?:https?:)?//(?:%\{(?:HTTP_HOST|SERVER_NAME)\}|\$(?:http_)?host|\$server_name|\{HTTP_HOST\}|localhost|127\.0\.0\.1|%1|\$\d)",
    re.IGNORECASE,
)


def read_server(content: bytes) -> Iterator[Found]:
    """Settings of Apache, in `.htaccess` or elsewhere."""
    context = ""
    for offset, line in _lines(content, b"#"):
        lower = line.lower()
        if lower.startswith("<files"):
            match = _IN_CONTEXT.match(line)
            context = match[1] if match else ""
        elif lower.startswith("</files"):
            context = ""
        words = [a or b or c for a, b, c in _WORD.findall(line)]
        if words:
            yield from _directive(offset, line, words, context)


def _lines(content: bytes, comment: bytes) -> Iterator[tuple[int, str]]:
    """Lines with what continues them, comments and blank lines left out."""
    waiting, start = "", 0
    for count, match in enumerate(_LINE.finditer(content)):
        if count > _MAX_LINES:
            return
        line = match[0].strip()
        if not waiting and (not line or line.startswith(comment)):
            continue
        start = start if waiting else match.start()
        text = waiting + line.decode("utf-8", "replace")
        waiting = text[:-1] if text.endswith("\\") and len(text) < 4000 else ""  # noqa: PLR2004
        if not waiting:
            yield start, text
    if waiting:
        yield start, waiting


def _directive(offset: int, line: str, words: list[str], context: str) -> Iterator[Found]:
    name, rest = words[0].lower(), words[1:]
    if name in ("php_value", "php_admin_value", "php_flag", "php_admin_flag") and len(rest) > 1:
        yield from _php_setting(offset, line, rest[0], rest[1])
    elif name in ("addhandler", "addtype", "sethandler", "forcetype", "action", "addoutputfilter", "fcgiwrapper"):
        yield from _handler(offset, line, name, rest, context)
    elif name in ("allow", "require", "satisfy") and " ".join(rest).lower() in ("from all", "all granted", "any"):
        yield _setting(offset, line, words[0], "weak")
    elif name == "options" and any(
        word.lower() in ("+execcgi", "execcgi", "+includes", "all", "+all") for word in rest
    ):
        yield _setting(offset, line, "Options", "weak")
    elif name in ("redirect", "redirectmatch", "redirectpermanent", "redirecttemp", "errordocument", "header"):
        yield from _addresses(offset, line, words[0], browser=True)
    elif name.startswith(("proxypass", "proxyremote", "balancermember")):
        yield from _addresses(offset, line, words[0], browser=False)
    elif name == "rewriterule" and len(rest) > 1:
        yield from _rewrite(offset, line, rest)
    elif name in ("setenv", "setenvif", "setenvifnocase") and len(rest) > 1:
        yield from _environment(offset, line, name, rest)
    elif name in ("include", "includeoptional", "loadmodule"):
        yield _setting(offset, line, words[0], "weak")


def _environment(offset: int, line: str, name: str, rest: list[str]) -> Iterator[Found]:
    """Variables that programs of the server read: `SetEnv https_proxy …`, `SetEnvIf Host . https_proxy=…`."""
    if name == "setenv":
        yield from _diverted(offset, line, rest[0], rest[1])
    for word in () if name == "setenv" else rest[2:]:
        variable, _, value = word.partition("=")
        yield from _diverted(offset, line, variable, value)


def _php_setting(offset: int, line: str, name: str, value: str) -> Iterator[Found]:
    """A setting of PHP."""
    plain, low = value.strip().strip("\"'"), value.strip().strip("\"'").lower()
    yield from _diverted(offset, line, name, plain)
    if _TRICKS.match(name):
        if low not in _EMPTY:
            yield from _runs(offset, line, name.lower(), plain)
    elif name.lower() in _CODE_SETTINGS and low not in _EMPTY:
        yield Found(
            offset,
            offset,
            "server-setting",
            name.lower(),
            Text(plain),
            text=line[:200],
            grade="trick" if "/" in plain else "weak",
        )
    elif name.lower() in ("sendmail_path", "mail.log", "error_log", "unserialize_callback_func") and low not in _EMPTY:
        yield _setting(offset, line, name.lower(), "weak")
    else:
        wanted = _WEAK.get(name.lower(), "")
        if (wanted == "on" and low in _ON) or (wanted in ("off", "none") and low in _EMPTY):
            yield _setting(offset, line, name.lower(), "weak")


def _diverted(offset: int, line: str, name: str, value: str) -> Iterator[Found]:
    """Other hosts that sessions, mail, errors or requests go to."""
    for host in hosts_of(value) if is_diverting(f"{name}={value}") else ():
        yield Found(offset, offset, "server-request", name.lower(), Text(f"//{host}"), text=line[:200])


def _runs(offset: int, line: str, name: str, target: str) -> Iterator[Found]:
    yield Found(offset, offset, "server-setting", name, Text(target), text=line[:200], grade="trick")
    address = normalise(Text(target))
    if is_elsewhere(address):
        yield Found(offset, offset, "server-request", name, address, text=line[:200])


def _handler(offset: int, line: str, name: str, rest: list[str], context: str) -> Iterator[Found]:
    """Which files the server runs: a trick when their names do not say so."""
    joined = " ".join(rest)
    if name == "action":
        if len(rest) > 1:
            yield _setting(offset, line, "Action", "weak" if _INTERPRETER.search(rest[1]) else "trick")
        return
    if not _PHP_TYPE.search(joined):
        return
    names = rest[1:] if name in ("addhandler", "addtype") else []
    others = [item for item in names if not _PHP_NAME.match(item) and not item.startswith("x-httpd")]
    if name in ("addhandler", "addtype"):
        hidden = bool(others) and "x-httpd-php-source" not in joined
    else:
        hidden = not _PHP_FILES.search(context)
    yield _setting(offset, line, name, "trick" if hidden else "quiet")


def _rewrite(offset: int, line: str, rest: list[str]) -> Iterator[Found]:
    target, flags = rest[1], rest[2].lower() if len(rest) > 2 else ""  # noqa: PLR2004
    if re.search(r"[\[,]\s*(?:h|handler|t|type)=", flags) and _PHP_TYPE.search(flags):
        yield _setting(offset, line, "RewriteRule", "trick")
    if _ADDRESS.search(target):
        proxied = re.search(r"[\[,]\s*(?:p|proxy)\s*[\],]", flags) is not None
        yield from _addresses(offset, line, "RewriteRule", browser=not proxied)
    script = re.search(r"(?<![\w./-])([\w./-]*/(?:temp|tmp|uploads?|edocs|images?|cache|files)/[\w./-]+)", target)
    if script and script[1].lower().endswith((".php", ".phtml", ".inc", ".jpg", ".png", ".gif", ".txt", ".dat")):
        yield Found(offset, offset, "server-setting", "RewriteRule", Text(script[1]), text=line[:200], grade="weak")


def _setting(offset: int, line: str, name: str, grade: str) -> Found:
    return Found(offset, offset, "server-setting", name, text=line[:200], grade=grade)


_WHOLE_REQUEST = re.compile(r"(?<![\w/.-])(?:R=)?30[78](?![\w/.-])", re.IGNORECASE)
"""A redirect that browsers and clients follow with method and body. Source: RFC 9110, 15.4.8 and 15.4.9."""


def _addresses(offset: int, line: str, name: str, *, browser: bool) -> Iterator[Found]:
    grade = "" if not browser else "body" if _WHOLE_REQUEST.search(line) else "browser"
    for match in _ADDRESS.finditer(line):
        address = normalise(Text(match[0].strip("\"'")))
        if _OWN.match(address.text) or address.text.startswith("balancer:"):
            continue
        yield Found(offset, offset, "server-request", name, address, text=line[:200], grade=grade)


def read_php_ini(content: bytes) -> Iterator[Found]:
    """`php.ini` and `.user.ini`."""
    for offset, line in _lines(content, b";"):
        name, separator, value = line.partition("=")
        if separator and not name.strip().startswith(("#", "[")):
            yield from _php_setting(offset, line, name.strip(), value.partition(";")[0].strip())


def read_nginx(content: bytes) -> Iterator[Found]:
    """nginx: what is passed on where, what PHP is told, and which files it gets."""
    location = ""
    for offset, line in _lines(content, b"#"):
        if match := re.match(r"location\s+([^{]+)", line):
            location = match[1]
        if match := re.search(r"fastcgi_param\s+PHP_(?:ADMIN_)?VALUE\s+(.+)", line):
            for part in re.split(r"\\n|;|\n", match[1].strip("\"'; ")):
                name, _, value = part.strip("\"' ").partition("=")
                yield from _php_setting(offset, line, name.strip(), value.strip())
        elif match := re.search(r"(?:fastcgi|uwsgi|scgi)_param\s+(\S+)\s+([^\s;]+)", line):
            yield from _diverted(offset, line, match[1], match[2].strip("\"'"))
        if re.search(r"\b(?:fastcgi_pass|uwsgi_pass)\b", line):
            yield _setting(offset, line, "fastcgi_pass", "quiet" if _PHP_FILES.search(location) else "trick")
        if re.search(r"\b(?:proxy_pass|grpc_pass|mirror|auth_request|fastcgi_pass|uwsgi_pass)\b", line):
            yield from _addresses(offset, line, "proxy_pass", browser=False)
        elif re.search(r"\b(?:return|rewrite|error_page|add_header|sub_filter)\b", line):
            yield from _addresses(offset, line, line.split()[0], browser=True)
        if re.search(r"\b(?:body|content|access|header)_by_lua|js_content|perl\s", line):
            yield _setting(offset, line, line.split()[0], "trick")


def read_iis(content: bytes) -> Iterator[Found]:
    """IIS: handlers and redirects of `web.config`."""
    for match in re.finditer(rb"<(?:add|action|httpRedirect|set|remove)\b[^>]{0,2000}>", content, re.IGNORECASE):
        line = match[0].decode("utf-8", "replace")
        offset = match.start()
        lower = line.lower()
        path = re.search(r"\bpath\s*=\s*\"([^\"]*)\"", line, re.IGNORECASE)
        if "scriptprocessor" in lower or "php" in lower:
            if path is not None and not _PHP_FILES.search(path[1]):
                yield _setting(offset, " ".join(line.split()), "handler", "trick")
            elif path is not None:
                yield _setting(offset, " ".join(line.split()), "handler", "quiet")
        if lower.startswith(("<action", "<httpredirect")):
            yield from _addresses(offset, line, "redirect", browser='rewrite"' not in lower)
    for match in re.finditer(rb"auto_(?:prepend|append)_file\s*=\s*([^\s\"'<>]+)", content):
        line = match[0].decode("utf-8", "replace")
        yield from _runs(match.start(), line, line.partition("=")[0].strip(), match[1].decode("utf-8", "replace"))
