"""# runtime-setting.

## What it does
Reports calls that change what PHP itself loads or allows: `ini_set` of `auto_prepend_file`, `allow_url_include`,
`open_basedir` or of a log that ends in `.php`, `putenv` of `LD_PRELOAD`, `dl` of a library from a writable folder,
`FFI` of functions that start programs, `registerPHPFunctions` of functions that reach anything, `COM` shells,
`imap_open` with a proxy command, `mail` with parameters that make the mail program write a file. Also those that turn
traffic aside: a proxy or a file of certificate authorities in the environment, sessions, mail or errors that go to
another machine (`session.save_path`, `sendmail_path`, `SMTP`, `error_log`). A host in the value is named.

## Why is this bad
Each of them is a documented way to run code, or programs, past what a review looks for.

## Example
```php
putenv('LD_PRELOAD=/tmp/x.so');
mail('a', '', '');
```

## References
- MITRE ATT&CK T1574.006, Dynamic Linker Hijacking
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from scanner.analysis.destinations import UNRESOLVED, USER_INPUT, url_destination
from scanner.analysis.pieces import known_start
from scanner.analysis.sensitive import ANY_FUNCTION, METHODS, SETTING
from scanner.analysis.summary import Hit
from scanner.analysis.templates import is_known
from scanner.analysis.values import NOTHING
from scanner.detectors.base import Detector, Scene, finding, rule
from scanner.files.diverting import hosts_of, is_diverting, is_proxy
from scanner.model.finding import Category, Confidence, Finding, Severity

RULE = rule("runtime-setting", Category.CONCEALMENT, "Call that changes what PHP loads or allows", __doc__)
_ALWAYS = re.compile(
    r"auto_prepend_file|auto_append_file|allow_url_include|disable_functions|disable_classes", re.IGNORECASE
)
_LOADED = re.compile(r"^(?:LD_PRELOAD|LD_LIBRARY_PATH|LD_AUDIT|PHPRC|PHP_INI_SCAN_DIR|GCONV_PATH)=.", re.IGNORECASE)
_WRITABLE = re.compile(r"\.\./|^/(?:tmp|var/tmp|dev/shm)/|uploads?/", re.IGNORECASE)
_MAIL = re.compile(r"(?:^|\s)-(?:X|O|C|be|oQ)", re.ASCII)
_STARTS = re.compile(r"\b(?:system|popen|exec[vl]?[pe]*|dlopen|mprotect|fork|syscall)\s*\(")
_REACHING = re.compile(
    r"\\?(?:file|fopen|readfile|copy|get_headers|mail|curl|fsockopen|stream_|exec|shell_exec|system|passthru|popen|"
    r"proc_open|assert|call_user_func|unserialize|getimagesize|simplexml_load|gethostby|dns_|putenv|ini_set|error_log)",
    re.IGNORECASE,
)
"""Functions that reach the network, files or programs, by how their names begin."""
_CODE_LOG = re.compile(r"\.(?:php\d?|phtml|inc)$", re.IGNORECASE)


def _find(scene: Scene) -> Iterable[Finding]:
    reported = set[tuple[str, int]]()
    """Places of calls that say it themselves: what their callers pass adds nothing."""
    for hit in sorted(scene.result.hits, key=lambda hit: bool(hit.via)):
        told, hosts = _told(scene, hit)
        if not told or (hit.via and hit.inner in reported):
            continue
        if not hit.via:
            reported.add(hit.inner)
        yield finding(
            scene,
            RULE,
            hit,
            severity=Severity.HIGH,
            confidence=Confidence.LIKELY,
            api=hit.api if not hit.via else f"{hit.via[0]} ({hit.api})",
            callee=hit.via[0] if hit.via else "",
            message=f"{hit.api}() {told}",
            destinations=hosts,
        )


def _told(scene: Scene, hit: Hit) -> tuple[str, tuple[str, ...]]:
    """What a call does, and the hosts that it names; `` for nothing."""
    if hit.signature.kind != SETTING:
        return ("", ()) if hit.via else (_loader(hit), ())
    told = _setting(hit)
    return (told, ()) if told else _diverted(scene, hit)


def _setting(hit: Hit) -> str:
    what, value = hit.roles.get("what", NOTHING), hit.roles.get("value", NOTHING)
    for text in sorted(what.texts):
        if hit.api in ("ini_set", "ini_alter"):
            if _ALWAYS.fullmatch(text) and any(value.texts):
                return f"sets {text}"
            if text.lower() == "error_log" and any(_CODE_LOG.search(name) for name in value.texts):
                return "makes the error log a PHP file"
        elif hit.api in ("putenv", "apache_setenv") and _LOADED.match(text):
            return f"sets {text.partition('=')[0]} for the programs that follow"
        elif hit.api.lower() in METHODS and (text == ANY_FUNCTION or _REACHING.match(text)):
            return f"lets style sheets and XPath call {'any function' if text == ANY_FUNCTION else text}"
        elif hit.api == "dl" and _WRITABLE.search(text):
            return f"loads {text}"
        elif hit.api == "imap_open" and "proxycommand" in text.lower():
            return "is given a proxy command"
        elif "mail" in hit.api and _MAIL.search(text):
            return "is given parameters that make the mail program write or read files"
    return ""


def _diverted(scene: Scene, hit: Hit) -> tuple[str, tuple[str, ...]]:
    """What is turned aside, and the hosts that it then goes to; `` for nothing."""
    what, value = hit.roles.get("what", NOTHING), hit.roles.get("value", NOTHING)
    if hit.api in ("ini_set", "ini_alter"):
        pairs = sorted((name, text) for name in what.texts for text in value.texts)
    elif hit.api in ("putenv", "apache_setenv"):
        pairs = sorted(pair.partition("=")[::2] for pair in what.texts)
    else:
        return "", ()
    found = [(name, hosts) for name, text in pairs if (hosts := _new_way(scene, name, text)) is not None]
    if not found:
        return "", ()
    names = tuple(sorted({host for _name, hosts in found for host in hosts}))
    return f"sets {found[0][0]}: what follows goes another way", names


def _new_way(scene: Scene, name: str, value: str) -> tuple[str, ...] | None:
    """Hosts that a setting sends what follows to; None where it turns nothing aside, or where the site says."""
    if is_known(value):
        return hosts_of(value) if is_diverting(f"{name}={value}") else None
    host = url_destination(value, scene.result.state.holes, bare_host=True).name
    if "." in host and ":" not in host and is_diverting(f"{name}=tcp://{host}"):  # `http://u:{secret}@example.net`
        return (host,)
    start = known_start(value)
    if hosts_of(start) and is_diverting(f"{name}={start}"):
        return hosts_of(start)
    return (host,) if host in (UNRESOLVED, USER_INPUT) and is_proxy(name) else None


def _loader(hit: Hit) -> str:
    """`FFI` and `COM`: signatures know them as ways to start programs."""
    api = hit.api.lower()
    if api.startswith(("ffi::cdef", "ffi::load", "com::", "new com", "new dotnet")):
        texts = {text for value in hit.roles.values() for text in value.texts}
        if api.startswith("ffi"):
            return "binds functions that start programs" if any(map(_STARTS.search, texts)) else ""
        return "opens a shell of the system" if any("shell" in text.lower() for text in texts) else ""
    return ""


DETECTOR = Detector(RULE, _find)
