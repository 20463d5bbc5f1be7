"""All real server configurations of the differential table, each open and protected."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import msgspec

from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection
from tests.servers.products import (
    DEBIAN_SAMPLE,
    MOD_PHP,
    PATH_INFO,
    PHP_FILES,
    Part,
    Product,
    apache,
    caddy,
    haproxy,
    nginx,
    nginx_php,
    php_fpm,
)
from tests.servers.rig import Listening, Server, Site, check, free_ports, lay_out, served_folder

CURRENT = "4f" * 32
NEXT = "9b" * 32
ENVIRONMENT = {"REDCAP_CURRENT": CURRENT, "REDCAP_NEXT": NEXT}


def script(name: str, mode: Mode) -> ProtectedScript:
    """One of the root scripts, which every version folder holds too."""
    return ProtectedScript(name, (name, f"redcap_v@/{name}"), mode, "anybody can call it")


PROTECTION = Protection(
    scripts=(
        script("cron.php", Mode.HEADER),
        script("install.php", Mode.COOKIE),
        script("upgrade.php", Mode.COOKIE),
    ),
    secrets=(AcceptedSecret("current", "redcap/current"), AcceptedSecret("next", "redcap/next")),
)
MULTIVIEWS = msgspec.structs.replace(PROTECTION, multiviews=True)


class Configuration(NamedTuple):
    """One way to serve PHP, and the target that protects it."""

    name: str
    product: str
    target: str
    protection: Protection = PROTECTION


CONFIGURATIONS = (
    Configuration("apache-mod-php", "apache", "apache"),
    Configuration("apache-php-fpm", "apache", "apache"),
    Configuration("apache-no-path-info", "apache", "apache"),
    Configuration("apache-multiviews", "apache", "apache", MULTIVIEWS),
    Configuration("apache-permissive", "apache", "apache"),
    Configuration("modsecurity2-apache", "apache", "modsecurity2"),
    Configuration("modsecurity2-multiviews", "apache", "modsecurity2", MULTIVIEWS),
    Configuration("modsecurity2-permissive", "apache", "modsecurity2"),
    Configuration("nginx-debian-sample", "nginx", "nginx"),
    Configuration("nginx-path-info", "nginx", "nginx"),
    Configuration("nginx-permissive", "nginx", "nginx"),
    Configuration("nginx-try-extension", "nginx", "nginx", MULTIVIEWS),
    Configuration("modsecurity3-nginx-path-info", "nginx", "modsecurity3"),
    Configuration("nginx-to-apache", "nginx", "nginx"),
    Configuration("nginx-decoded-to-apache", "nginx", "nginx"),
    Configuration("nginx-to-apache-multiviews", "nginx", "nginx", MULTIVIEWS),
    Configuration("haproxy-to-apache", "haproxy", "haproxy"),
    Configuration("haproxy-to-apache-multiviews", "haproxy", "haproxy", MULTIVIEWS),
    Configuration("haproxy-to-apache-permissive", "haproxy", "haproxy"),
    Configuration("caddy-php-fpm", "caddy", "caddy"),
)
"""Those named `-to-apache` pass to the open Apache of the same kind."""


class Farm(NamedTuple):
    """The running sites: two per configuration."""

    open: dict[str, Site]
    closed: dict[str, Site]
    release: list[str]
    """Paths of the marker release."""
    folder: Path


Hosts = Callable[[Path], list[Part]]
"""Further virtual hosts of Apache, written below the folder that it gets."""


def generated(target: str, protection: Protection, folder: Path) -> dict[str, Path]:
    """The files of a target, written below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for file in import_module(f"scanner.protect.waf.{target}").TARGET.render(protection):
        files[file.name] = folder / file.name
        files[file.name].write_text(file.text)
    return files


def substituted(path: Path) -> str:
    """What `envsubst` makes of a generated file."""
    text = path.read_text()
    for name, value in ENVIRONMENT.items():
        text = text.replace(f"${{{name}}}", value)
    return text


class Blocks(NamedTuple):
    """The inside of a site's block, open and protected."""

    bare: str
    full: str


class Writer(NamedTuple):
    """What the configurations need to know of each other."""

    folder: Path
    docroot: Path
    socket: Path
    """Of php-fpm."""
    ports: dict[str, int]
    """Of the open sites."""

    def files(self, item: Configuration) -> dict[str, Path]:
        """The generated files that protect it."""
        return generated(item.target, item.protection, self.folder / item.name)


def _apache(item: Configuration, to: Writer) -> Blocks:
    kind = item.name.partition("-")[2]
    lines = [PHP_FILES.format(f'"proxy:unix:{to.socket}|fcgi://localhost"') if kind == "php-fpm" else MOD_PHP]
    if inside := {"multiviews": "Options FollowSymLinks MultiViews", "no-path-info": "AcceptPathInfo Off"}.get(kind):
        lines.append(f"<Directory {to.docroot}>\n    {inside}\n</Directory>")
    if kind == "permissive":
        lines.append("AllowEncodedSlashes On\nHttpProtocolOptions Unsafe\nMergeSlashes Off")
    engine = ["SecRuleEngine On"] * (item.target == "modsecurity2")
    includes = [f"Include {path}" for path in to.files(item).values()]
    return Blocks("\n".join(lines), "\n".join((*lines, *engine, *includes)))


NGINX_PHP = {
    "nginx-debian-sample": ("~ \\.php$", DEBIAN_SAMPLE),
    "nginx-permissive": ("~* \\.php", PATH_INFO),
}


def _nginx(item: Configuration, to: Writer) -> Blocks:
    """`@server@` and `@location@` are where the protection is included."""
    if "to-apache" in item.name:
        backend = to.ports["apache-multiviews" if item.protection.multiviews else "apache-mod-php"]
        suffix = "$uri$is_args$args" if "decoded" in item.name else ""
        lines = f"@server@\nlocation / {{ proxy_pass http://127.0.0.1:{backend}{suffix}; }}"
    else:
        location, inside = NGINX_PHP.get(item.name, ("~ [^/]\\.php(/|$)", PATH_INFO))
        lines = "@server@\n" + nginx_php(to.docroot, to.socket, location, f"@location@\n{inside}")
    if item.name == "nginx-try-extension":
        lines = lines.replace("$uri $uri/ =404", "$uri $uri/ $uri.php$is_args$args")
    files = to.files(item)
    if item.target == "modsecurity3":
        rules = to.folder / item.name / "main.conf"
        rules.write_text(f"SecRuleEngine On\nInclude {files['redcap-modsecurity3.conf']}\n")
        server, location = f"modsecurity on;\nmodsecurity_rules_file {rules};", ""
    else:
        location = f"include {files['redcap-protect.conf']};"
        server = f"{location}\ninclude {files['redcap-unlock.conf']};"
    bare = lines.replace("@server@", "").replace("@location@", "")
    return Blocks(bare, lines.replace("@server@", server).replace("@location@", location))


def _haproxy(item: Configuration, to: Writer) -> Blocks:
    kind = item.name.partition("to-apache")[2].removeprefix("-") or "mod-php"
    backend = f"    default_backend {kind}"
    return Blocks(backend, to.files(item)["redcap-protect.cfg"].read_text() + backend)


def _caddy(_: Configuration, to: Writer) -> Blocks:
    inside = f"\tbind 127.0.0.1\n\troot * {to.docroot}\n\tphp_fastcgi unix/{to.socket}\n\tfile_server"
    return Blocks(inside, f"import redcap_protect\n{inside}")


BLOCKS = {"apache": _apache, "nginx": _nginx, "haproxy": _haproxy, "caddy": _caddy}


def write(
    folder: Path, docroot: Path, configurations: Sequence[Configuration], hosts: Sequence[Part] = ()
) -> tuple[list[tuple[Product, list[Listening]]], dict[str, Site], dict[str, Site]]:
    """Write every configuration: the products with their ports, the open sites, the protected ones.

    One nginx serves one protection, since its variables are global. `hosts` are further virtual hosts of Apache.
    """
    ports = free_ports(2 * len(configurations))
    names = [item.name for item in configurations]
    bare = dict(zip(names, ports, strict=False))
    full = dict(zip(names, ports[len(names) :], strict=True))
    fpm, socket = php_fpm(folder)
    writer = Writer(folder, docroot, socket, bare)
    parts: dict[tuple[str, bool], list[Part]] = {("apache", False): list(hosts)}
    for item in configurations:
        blocks = BLOCKS[item.product](item, writer)
        key = (item.product, item.product == "nginx" and item.protection.multiviews)
        parts.setdefault(key, []).extend((Part(bare[item.name], blocks.bare), Part(full[item.name], blocks.full)))
    products: list[tuple[Product, list[Listening]]] = [(fpm, [socket])]
    for (product, multiviews), own in parts.items():
        products.append(
            (_product(product, folder, docroot, own, multiviews=multiviews, to=bare), [p.port for p in own])
        )
    opened = {item.name: Site(item.name, bare[item.name], "") for item in configurations}
    closed = {item.name: Site(item.name, full[item.name], item.target) for item in configurations}
    return products, opened, closed


def _product(
    name: str, folder: Path, docroot: Path, parts: Sequence[Part], *, multiviews: bool, to: dict[str, int]
) -> Product:
    if name == "apache":
        return apache(folder, docroot, parts, ENVIRONMENT)
    if name == "nginx":
        own = folder / f"nginx-{multiviews}"
        files = generated("nginx", MULTIVIEWS if multiviews else PROTECTION, own)
        path = files["redcap-protect-http.conf"]
        path.write_text(substituted(path))
        return nginx(own, f"include {path};", parts, ENVIRONMENT)
    if name == "haproxy":
        backends = {key.partition("-")[2]: port for key, port in to.items() if key.startswith("apache-")}
        return haproxy(folder, parts, backends, ENVIRONMENT)
    snippet = generated("caddy", PROTECTION, folder / "caddy")["redcap-protect.caddy"]
    return caddy(folder, f"import {snippet}", parts, ENVIRONMENT)


@contextmanager
def running(
    release: Path, configurations: Sequence[Configuration] = CONFIGURATIONS, hosts: Hosts | None = None
) -> Iterator[Farm]:
    """The sites, until the block ends.

    Raises: RuntimeError when a product refuses its configuration or does not start.
    """
    folder = served_folder()
    servers: list[Server] = []
    try:
        docroot = folder / "www"
        docroot.mkdir()
        names = lay_out(release, docroot)
        further = hosts(folder) if hosts else []
        products, opened, closed = write(folder, docroot, configurations, further)
        for number, (product, ports) in enumerate(products):
            if complaint := check(product.check, product.environment):
                message = f"{product.check[0]}: {complaint}"
                raise RuntimeError(message)
            servers.append(Server(product.command, product.environment, ports, folder / f"server-{number}.log"))
        yield Farm(opened, closed, names, folder)
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
