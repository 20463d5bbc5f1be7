"""The fixture release, with a stand-in for its database, behind Apache with the generated protection."""

from __future__ import annotations

import json
import zipfile
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from scanner.model.protection import AcceptedSecret, Protection, RequestSpelling
from scanner.protect.wire import Response
from tests.servers.farm import PROTECTION, generated
from tests.servers.products import MOD_PHP, Part
from tests.servers.rig import free_ports, send

OLD = "0a" * 32
NEW = "1b" * 32
STEPS = {
    "before": (OLD,),
    "next added": (OLD, NEW),
    "promoted": (NEW, OLD),
    "old dropped": (NEW,),
}
"""Accepted secrets at each step of a rotation, the current one first."""
STAND_IN = Path(__file__).with_name("database.php")


def accepting(*values: str) -> Protection:
    """The protection with these values written out."""
    slots = ("current", "next")
    secrets = tuple(AcceptedSecret(slot, f"redcap/{slot}", value) for slot, value in zip(slots, values, strict=False))
    return msgspec.structs.replace(PROTECTION, secrets=secrets)


class Application:
    """One site for each step of a rotation, all with one docroot and one database."""

    def __init__(self, release: Path) -> None:
        self._release = release
        self.unprotected, *ports = free_ports(1 + len(STEPS))
        self.ports = dict(zip(STEPS, ports, strict=True))
        self.state = Path()

    def hosts(self, folder: Path) -> list[Part]:
        """Unpack the release below `folder` and write the virtual hosts."""
        with zipfile.ZipFile(self._release) as archive:
            archive.extractall(folder / "application")
        docroot = folder / "application" / "redcap"
        self.state = docroot.parent / "state.json"
        self.reset()
        lines = [
            MOD_PHP,
            f"DocumentRoot {docroot}",
            f"<Directory {docroot}>\n    Require all granted\n</Directory>",
            f"SetEnv STATE {self.state}",
            f"php_admin_value auto_prepend_file {STAND_IN}",
        ]
        parts = [Part(self.unprotected, "\n".join(lines))]
        for step, values in STEPS.items():
            files = generated("apache", accepting(*values), folder / f"rotation {step}".replace(" ", "-"))
            includes = (f"Include {path}" for path in files.values())
            parts.append(Part(self.ports[step], "\n".join((*lines, *includes))))
        return parts

    def reset(self, *, installed: bool = False, version: str = "15.7.0") -> None:
        """Set the database's state."""
        self.state.write_text(json.dumps({"installed": installed, "version": version, "cron": 0}))
        self.state.chmod(0o666)

    def read(self) -> dict[str, object]:
        """The database's state."""
        found: dict[str, object] = json.loads(self.state.read_text())
        return found


class Browser:
    """Keeps cookies and follows redirects on its own server, as a browser does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.visited: list[str] = []

    def open(self, target: str, body: bytes = b"", **headers: str) -> Response:
        """GET, or POST with a body. `X_Some_Name` in `headers` is `X-Some-Name`."""
        for _ in range(5):
            self.visited.append(target)
            response = send(self.port, self._request(target, body, headers))
            for line in response.all("set-cookie"):
                self.cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
            location = response.header("location")
            if response.status // 100 != 3 or not location:
                break
            parts = urlsplit(location)
            target, body = parts.path + (f"?{parts.query}" if parts.query else ""), b""
        return response

    def _request(self, target: str, body: bytes, headers: dict[str, str]) -> RequestSpelling:
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if self.cookies:
            pairs.append((b"Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()))
        if body:
            pairs.append((b"Content-Type", b"application/x-www-form-urlencoded"))
        return RequestSpelling(
            method=b"POST" if body else b"GET",
            target=target.encode(),
            headers=tuple(pairs),
            body=body,
            family="flow",
            script="",
            legitimate=True,
        )
