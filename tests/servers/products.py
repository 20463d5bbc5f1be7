"""Configurations of the real servers, as their distributions and manuals write them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.servers.rig import WORKER, program

MODULES = Path("/usr/lib/apache2/modules")
APACHE_MODULES = (
    "mpm_prefork authn_core authz_core alias dir env headers mime negotiation proxy proxy_fcgi rewrite setenvif "
    "unique_id"
)
PHP_FILES = '<FilesMatch ".+\\.ph(?:ar|p|tml)$">\n    SetHandler {}\n</FilesMatch>'
MOD_PHP = PHP_FILES.format("application/x-httpd-php")
NO_INI = {"PHP_INI_SCAN_DIR": "/nonexistent"}
"""mod_php and php-fpm take no settings or extensions of the machine."""


class Part(NamedTuple):
    """What one site has of its own: its port and the lines of its block."""

    port: int
    lines: str


class Product(NamedTuple):
    """How to start and how to check a product with the written configuration."""

    command: Sequence[str]
    check: Sequence[str]
    environment: Mapping[str, str]


def apache(folder: Path, docroot: Path, parts: Sequence[Part], environment: Mapping[str, str]) -> Product:
    """Apache with mod_php and ModSecurity 2 loaded; each part is the inside of a virtual host."""
    loads = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in APACHE_MODULES.split()]
    loads.append(f"LoadModule php_module {max(MODULES.glob('libphp*.so'))}")
    loads.append(f"LoadModule security2_module {MODULES}/mod_security2.so")
    hosts = [
        f"Listen 127.0.0.1:{part.port}\n<VirtualHost 127.0.0.1:{part.port}>\n{part.lines}\n</VirtualHost>"
        for part in parts
    ]
    text = "\n".join(
        (
            f"ServerRoot {folder}\nServerName localhost\nPidFile {folder}/apache.pid",
            f"ErrorLog {folder}/apache-error.log",
            # A proxy keeps its connections to the backend open; a worker must not wait on them.
            "StartServers 6\nMinSpareServers 2\nMaxRequestWorkers 16\nTimeout 10\nKeepAlive Off",
            *loads,
            *((f"User {WORKER}", f"Group {WORKER}") if os.geteuid() == 0 else ()),
            f"TypesConfig /etc/mime.types\nDirectoryIndex index.php index.html\nDocumentRoot {docroot}",
            "AddType application/x-httpd-php .php",
            "<Directory />\n    AllowOverride None\n    Require all denied\n</Directory>",
            f"<Directory {docroot}>\n    Options FollowSymLinks\n    Require all granted\n</Directory>",
            *hosts,
        )
    )
    path = folder / "apache.conf"
    path.write_text(text + "\n")
    apache2 = program("apache2")
    return Product(
        (apache2, "-DFOREGROUND", "-f", str(path)), (apache2, "-t", "-f", str(path)), {**environment, **NO_INI}
    )


def php_fpm(folder: Path) -> tuple[Product, Path]:
    """php-fpm on a socket, which is returned too."""
    listen = folder / "fpm.sock"
    owner = f"user = {WORKER}\ngroup = {WORKER}\n" if os.geteuid() == 0 else ""
    path = folder / "fpm.conf"
    path.write_text(
        f"[global]\ndaemonize = no\nerror_log = {folder}/fpm.log\n[www]\n{owner}listen = {listen}\n"
        "listen.mode = 0666\npm = static\npm.max_children = 4\n"
    )
    fpm = program(*(name.name for name in sorted(Path("/usr/sbin").glob("php-fpm*"), reverse=True)), "php-fpm")
    root = ("-R",) if os.geteuid() == 0 else ()
    start = (fpm, "-n", "-F", "-y", str(path), *root)
    return Product(start, (fpm, "-n", "-t", "-y", str(path)), NO_INI), listen


def nginx(folder: Path, http: str, parts: Sequence[Part], environment: Mapping[str, str]) -> Product:
    """nginx with ModSecurity 3 loaded; each part is the inside of a `server` block."""
    folder.mkdir(exist_ok=True)
    shutil.copy("/etc/nginx/fastcgi.conf", folder)  # the sample includes it beside nginx.conf
    hosts = [f"server {{\nlisten 127.0.0.1:{part.port};\n{part.lines}\n}}" for part in parts]
    temporary = "\n".join(
        f"{name}_temp_path {folder}/nginx-{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = "\n".join(
        (
            f"user {WORKER};" if os.geteuid() == 0 else "",
            "load_module /usr/lib/nginx/modules/ndk_http_module.so;",
            "load_module /usr/lib/nginx/modules/ngx_http_modsecurity_module.so;",
            *(f"env {name};" for name in environment),
            f"daemon off;\nworker_processes 2;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx-error.log;",
            "events {}",
            f"http {{\naccess_log off;\n{temporary}\ninclude /etc/nginx/mime.types;\n{http}",
            *hosts,
            "}",
        )
    )
    path = folder / "nginx.conf"
    path.write_text(text + "\n")
    start = (program("nginx"), "-c", str(path), "-e", f"{folder}/nginx-error.log")
    return Product(start, (*start, "-t"), environment)


def nginx_php(docroot: Path, socket: Path, location: str, inside: str = "") -> str:
    """A server that passes to php-fpm. `location` is what the PHP location matches."""
    return (
        f"root {docroot};\nindex index.php index.html;\nlocation / {{ try_files $uri $uri/ =404; }}\n"
        f"location {location} {{\n{inside}\nfastcgi_pass unix:{socket};\n}}"
    )


DEBIAN_SAMPLE = "include /etc/nginx/snippets/fastcgi-php.conf;"
"""Tests that the script exists, so path info is only served when it ends in `.php`."""
PATH_INFO = (
    "fastcgi_split_path_info ^(.+?\\.php)(/.*)$;\nfastcgi_index index.php;\ninclude /etc/nginx/fastcgi.conf;\n"
    "fastcgi_param PATH_INFO $fastcgi_path_info;"
)


def haproxy(
    folder: Path, parts: Sequence[Part], backends: Mapping[str, int], environment: Mapping[str, str]
) -> Product:
    """HAProxy; each part is the inside of a frontend, `backends` name ports on loopback."""
    fronts = [f"frontend f{part.port}\n    bind 127.0.0.1:{part.port}\n{part.lines}" for part in parts]
    backs = [f"backend {name}\n    server {name} 127.0.0.1:{port}" for name, port in backends.items()]
    times = "\n".join(f"    timeout {name} 10s" for name in ("connect", "client", "server"))
    path = folder / "haproxy.cfg"
    path.write_text("\n".join(("global\n    maxconn 200", f"defaults\n    mode http\n{times}", *fronts, *backs)) + "\n")
    run = program("haproxy")
    return Product((run, "-db", "-f", str(path)), (run, "-c", "-f", str(path)), environment)


def caddy(folder: Path, head: str, parts: Sequence[Part], environment: Mapping[str, str]) -> Product:
    """Caddy; each part is the inside of a site block."""
    options = "{\n\tadmin off\n\tauto_https off\n\torder route first\n}"
    sites = [f":{part.port} {{\n{part.lines}\n}}" for part in parts]
    path = folder / "Caddyfile"
    path.write_text("\n".join((options, head, *sites)) + "\n")
    run = program("caddy")
    own = {**environment, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    config = ("--config", str(path), "--adapter", "caddyfile")
    return Product((run, "run", *config), (run, "validate", *config), own)
