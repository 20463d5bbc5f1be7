"""What people and programs ask of a release: its flows, names that only look protected, and calls with a secret.

The flows are REDCap's own: the upgrade page polls `ControlCenter/check_upgrade.php`, the installation form posts to its
own address without the query, the EHR launches `ehr.php`, programs post to `api/`, participants open `surveys/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.model.protection import Mode, ProtectedScript, Protection, RequestSpelling
from scanner.protect.spellings import addresses, open_request

_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
_FORM_FIELDS = b"first_username=admin&first_password=Pa55%2Fword&redcap_csrf_token=abc&homepage_contact=cron.php"
_ROOT_PAGES = (
    "", "index.php", "index.php?action=myprojects", "index.php?pid=12", "index.php?logout=1", "api/", "api/help/",
    "api/index.php", "surveys/", "surveys/?s=ABCDEF1234", "surveys/index.php?s=ABCDEF1234&__page__=2", "ehr.php",
    "ehr.php?launch=xyz&iss=https%3A%2F%2Fehr.example.org%2Ffhir", "ehr.php?code=abc&state=def", "redcap_connect.php",
    "hook_functions.php", "plugins/index.php", "plugins/report/index.php?pid=3", "modules/",
    "favicon.ico", "robots.txt",
)  # fmt: skip
_VERSION_PAGES = (
    "index.php", "ControlCenter/check_upgrade.php?version=15.8.0", "ControlCenter/check_server_ping.php?noauthkey=1",
    "ControlCenter/check.php?upgradeinstall=1", "ControlCenter/index.php", "ControlCenter/cron_jobs.php",
    "ControlCenter/one_click_upgrade.php", "ProjectSetup/index.php?pid=12", "DataEntry/index.php?pid=12&id=1&page=cron",
    "DataEntry/record_home.php?pid=12", "Design/online_designer.php?pid=12", "DataEntry/file_download.php?pid=12&id=9",
    "ExternalModules/manager/reset_cron.php", "ExternalModules/manager/control_center.php",
    "ExternalModules/?prefix=cron_module&page=install", "Resources/css/style.css", "Resources/js/base.js",
    "DataExport/index.php?pid=12&report_id=ALL", "Logging/index.php?pid=12", "PubMatch/index.php?secret=abc",
    "Surveys/edit_info.php?pid=12", "API/project_api.php?pid=12", "Home/index.php", "Calendar/index.php?pid=12",
)  # fmt: skip
_MENTIONS = (
    "?page={name}", "?return=/{name}", "?redirect=https%3A%2F%2Fexample.org%2F{name}", "?q=..%2F{name}", "?{name}",
    "?x=/{name}/y", "?file={name}&id=1",
)  # fmt: skip


def flows(protection: Protection, versions: Sequence[str]) -> Iterator[RequestSpelling]:
    """Pages that stay open, as they are really called."""
    base = protection.base_path
    for page in _ROOT_PAGES:
        yield open_request(b"GET", f"{base}{page}", "root-page")
    for version in versions:
        for page in _VERSION_PAGES:
            yield open_request(b"GET", f"{base}redcap_v{version}/{page}", "version-page")
    token = b"token=0123456789ABCDEF0123456789ABCDEF&content=record&format=json"
    yield open_request(b"POST", f"{base}api/", "api", (_FORM,), token)
    yield open_request(b"POST", f"{base}api/", "api", (_FORM,), token + b"&data=/cron.php")
    yield open_request(b"POST", f"{base}surveys/?s=ABCDEF1234", "survey", (_FORM,), b"answer=install.php&submit=1")
    yield open_request(b"GET", f"{base}api/?type=module&prefix=x&page=y&NOAUTH", "api")
    for script in protection.scripts:
        yield from _mentions(script, base)


def _mentions(script: ProtectedScript, base: str) -> Iterator[RequestSpelling]:
    """The name of a script anywhere but in the path."""
    for mention in _MENTIONS:
        yield open_request(b"GET", f"{base}index.php{mention.format(name=script.name)}", "mention")
    address = f"{base}{script.name}".encode("utf-8", "surrogateescape")
    start = f"{base}index.php"
    yield open_request(b"GET", start, "mention", ((b"Referer", b"https://redcap.example.org" + address),))
    yield open_request(b"GET", start, "mention", ((b"Cookie", b"last=" + address),))
    yield open_request(b"GET", start, "mention", ((b"User-Agent", b"check " + address),))
    yield open_request(b"POST", start, "mention", (_FORM,), b"path=" + address)


def look_alikes(protection: Protection, versions: Sequence[str]) -> Iterator[RequestSpelling]:
    """Names that merely contain a protected name. A rule that refuses them breaks pages and modules."""
    folders = ["", "modules/backup_v1.0/", *(f"redcap_v{version}/ControlCenter/" for version in versions)]
    for script in protection.scripts:
        stem, dot, extension = script.name.partition(".")
        names = [
            f"reset_{script.name}", f"my{script.name}", f"check_{script.name}", f"{stem}_jobs{dot}{extension}",
            f"{stem}s{dot}{extension}", f"x.{script.name}", f"{script.name}x", f"{script.name}.js",
            f"{script.name}-old", f"pre-{script.name}", f"{stem}_{script.name}", f"{stem}.css",
            f"{stem}2{dot}{extension}", f"{script.name}~", f"_{script.name}", f"{script.name}5.txt",
        ]  # fmt: skip
        for folder in folders:
            for name in names:
                yield open_request(b"GET", f"{protection.base_path}{folder}{name}", "look-alike")
        for page in (f"docs/{stem}.html", f"{stem}_guide/", f"{stem}ation/index.html", f"languages/{stem}er.ini"):
            yield open_request(b"GET", f"{protection.base_path}{page}", "look-alike")


def secret_calls(protection: Protection, versions: Sequence[str], values: Sequence[str]) -> Iterator[RequestSpelling]:
    """Calls of the protected scripts with a right secret in the place that their mode asks for."""
    for script in protection.scripts:
        if script.mode is Mode.BLOCK:
            continue
        for address in addresses(script, protection.base_path, versions):
            target = address.decode("utf-8", "surrogateescape")
            for value in values:
                yield from _opened(protection, script, target, value.encode())


def _opened(protection: Protection, script: ProtectedScript, target: str, value: bytes) -> Iterator[RequestSpelling]:
    name = protection.header.encode()
    for header in dict.fromkeys((name, name.lower(), name.upper())):
        yield open_request(b"GET", target, "secret-header", ((header, value),))
        yield open_request(b"POST", target, "secret-header", ((header, value), _FORM), b"x=1")
    yield open_request(b"GET", f"{target}?auto=1", "secret-header", ((name, value),))
    yield open_request(b"HEAD", target, "secret-header", ((name, value),))
    if script.mode is Mode.COOKIE:
        cookie = b"%s=%s" % (protection.cookie.encode(), value)
        for text in (cookie, b"PHPSESSID=abc; " + cookie, cookie + b"; PHPSESSID=abc"):
            yield open_request(b"GET", target, "secret-cookie", ((b"Cookie", text),))
            yield open_request(b"POST", target, "secret-cookie", ((b"Cookie", text), _FORM), _FORM_FIELDS)
            yield open_request(b"GET", f"{target}?completed=1", "secret-cookie", ((b"Cookie", text),))
    if protection.query is not None:
        yield open_request(b"GET", f"{target}?{protection.query}={value.decode()}", "secret-query")
