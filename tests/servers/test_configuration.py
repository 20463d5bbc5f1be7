"""Each product's own check takes the generated files, and real servers read hostile names and values as meant."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection
from tests.servers.application import accepting
from tests.servers.farm import ENVIRONMENT, MULTIVIEWS, PROTECTION, generated, substituted
from tests.servers.products import MOD_PHP, PATH_INFO, Part, Product, apache, caddy, haproxy, nginx, nginx_php, php_fpm
from tests.servers.rig import MARK, Server, check, free_ports, get, reached, send, served_folder

TARGETS = ("apache", "modsecurity2", "nginx", "modsecurity3", "haproxy", "caddy")
pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers")]
NASTY = (
    "it's.php",
    'say"so".php',
    "back`tick.php",
    "num#ber.php",
    "dol$lar.php",
    "${HOME}.php",
    "%{ENV.x}.php",
    "(a|b)+.php",
    "two words.php",
    "semi;colon.php",
    "back\\slash.php",
    "brace{1}.php",
    "caf\u00e9.php",
    "trailing.php\\",
)
VISIBLE = "".join(map(chr, range(33, 127)))
BLOCKED = msgspec.structs.replace(
    PROTECTION, scripts=tuple(msgspec.structs.replace(item, mode=Mode.BLOCK) for item in PROTECTION.scripts), secrets=()
)
QUERY = msgspec.structs.replace(PROTECTION, query="secret", base_path="/redcap/")
NASTY_PROTECTION = msgspec.structs.replace(
    accepting("7c" * 32),
    scripts=tuple(
        ProtectedScript(name, (name,), (Mode.HEADER, Mode.COOKIE, Mode.BLOCK)[number % 3], f"because {name}\\")
        for number, name in enumerate(NASTY)
    ),
)
PROTECTIONS = {
    "references": PROTECTION,
    "values": accepting("7c" * 32, "8d" * 32),
    "multiviews": MULTIVIEWS,
    "blocked": BLOCKED,
    "query": QUERY,
    "nasty names": NASTY_PROTECTION,
    "any header value": Protection(
        scripts=(ProtectedScript("cron.php", ("cron.php",), Mode.HEADER, "x"),),
        secrets=(AcceptedSecret("current", "a", VISIBLE), AcceptedSecret("next", "b", VISIBLE[::-1])),
    ),
}


def configured(
    target: str,
    protection: Protection,
    folder: Path,
    docroot: Path,
    port: int,
    socket: Path,
    environment: dict[str, str],
) -> Product:
    """The product with one protected site."""
    files = generated(target, protection, folder / "generated")
    includes = "\n".join(f"Include {path}" for path in files.values())
    if target in {"apache", "modsecurity2"}:
        return apache(folder, docroot, [Part(port, f"{MOD_PHP}\nSecRuleEngine On\n{includes}")], environment)
    php = nginx_php(docroot, socket, "~ [^/]\\.php(/|$)", PATH_INFO)
    if target == "modsecurity3":
        rules = folder / "main.conf"
        rules.write_text(f"SecRuleEngine On\n{includes}\n")
        on = f"modsecurity on;\nmodsecurity_rules_file {rules};\n"
        return nginx(folder / "nginx", "", [Part(port, on + php)], environment)
    if target == "nginx":
        files["redcap-protect-http.conf"].write_text(substituted(files["redcap-protect-http.conf"]))
        inside = "\n".join(f"include {path};" for name, path in files.items() if not name.endswith("-http.conf"))
        return nginx(
            folder / "nginx", f"include {files['redcap-protect-http.conf']};", [Part(port, f"{inside}\n{php}")], {}
        )
    if target == "haproxy":
        answer = f"    http-request return status 200 content-type text/plain string {MARK}script@@"
        return haproxy(folder, [Part(port, files["redcap-protect.cfg"].read_text() + answer)], {}, environment)
    inside = (
        f"\timport redcap_protect\n\tbind 127.0.0.1\n\troot * {docroot}\n\tphp_fastcgi unix/{socket}\n\tfile_server"
    )
    return caddy(folder, f"import {files['redcap-protect.caddy']}", [Part(port, inside)], environment)


@contextmanager
def served(
    target: str, protection: Protection, scripts: Iterable[str], environment: Mapping[str, str]
) -> Iterator[int]:
    """Port of a site that has these scripts as markers."""
    folder = served_folder()
    servers: list[Server] = []
    try:
        docroot = folder / "www"
        docroot.mkdir()
        for name in scripts:
            (docroot / name).write_text(f"<?php echo '{MARK}script@@';")
        port = free_ports(1)[0]
        fpm, socket = php_fpm(folder)
        product = configured(target, protection, folder, docroot, port, socket, dict(environment))
        if target in {"nginx", "modsecurity3", "caddy"}:
            servers.append(Server(fpm.command, fpm.environment, [socket], folder / "fpm-start.log"))
        servers.append(Server(product.command, product.environment, [port], folder / "start.log"))
        yield port
    finally:
        for server in reversed(servers):
            server.stop()
        shutil.rmtree(folder)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("protection", PROTECTIONS.values(), ids=PROTECTIONS)
def test_the_product_takes_every_generated_file(target: str, protection: Protection, tmp_path: Path) -> None:
    product = configured(target, protection, tmp_path, tmp_path, free_ports(1)[0], tmp_path / "sock", ENVIRONMENT)
    assert check(product.check, product.environment) == ""


@pytest.mark.parametrize("target", TARGETS)
def test_the_check_refuses_a_broken_file(target: str, tmp_path: Path) -> None:
    product = configured(target, PROTECTION, tmp_path, tmp_path, free_ports(1)[0], tmp_path / "sock", ENVIRONMENT)
    word, broken = {
        "haproxy": ("-m reg", "-m rag"),
        "modsecurity2": ("@rx", "@rxx"),
        "modsecurity3": (",pass,", ",pasz,"),
    }.get(target, (")", ""))
    for path in (*(tmp_path / "generated").iterdir(), tmp_path / "haproxy.cfg"):
        if path.exists():
            path.write_text(path.read_text().replace(word, broken))
    assert check(product.check, product.environment) != ""


UNSET = {"REDCAP_CURRENT": ""}
SHORT = dict.fromkeys(ENVIRONMENT, "short")


@pytest.mark.parametrize(
    ("target", "environment"),
    [
        ("nginx", UNSET),  # reads no environment: what nobody replaced stays in the file
        *((name, value) for name in TARGETS if name != "nginx" for value in (UNSET, SHORT)),
    ],
)
def test_a_secret_that_is_not_set_or_too_short_opens_nothing(target: str, environment: dict[str, str]) -> None:
    tries = ["", "short", "${REDCAP_CURRENT}", "{$REDCAP_CURRENT}", "%{ENV.REDCAP_CURRENT}", "0" * 64, "0" * 64 + ",,"]
    with served(target, PROTECTION, ("cron.php", "install.php", "index.php"), environment) as port:
        assert reached(send(port, get("/index.php"))) == "script"
        for value in tries:
            assert not reached(send(port, get("/cron.php", X_Redcap_Secret=value)))
            assert not reached(send(port, get("/install.php", Cookie=f"redcap_admin_secret={value}")))


@pytest.mark.parametrize("target", TARGETS)
def test_names_with_meaning_in_a_language_are_only_names(target: str) -> None:
    secret = NASTY_PROTECTION.secrets[0].value or ""
    scripts = [script for script in NASTY_PROTECTION.scripts if script.name.endswith(".php")]
    with served(target, NASTY_PROTECTION, [*(script.name for script in scripts), "other.php"], {}) as port:
        assert reached(send(port, get("/other.php"))) == "script"
        for script in scripts:
            address = "/" + quote(script.name)
            assert not reached(send(port, get(address)))
            opened = reached(send(port, get(address, X_Redcap_Secret=secret)))
            if "\\" not in script.name:  # some products read a backslash as a slash, and find no file
                assert bool(opened) == (script.mode is not Mode.BLOCK), script.name


@pytest.mark.parametrize("target", TARGETS)
def test_every_visible_character_of_a_header_value_counts(target: str) -> None:
    with served(target, PROTECTIONS["any header value"], ["cron.php"], {}) as port:
        assert reached(send(port, get("/cron.php", X_Redcap_Secret=VISIBLE)))
        assert reached(send(port, get("/cron.php", X_Redcap_Secret=VISIBLE[::-1])))
        for number, char in enumerate(VISIBLE):
            changed = VISIBLE[:number] + chr(ord(char) ^ 1 if char not in "!~" else 48) + VISIBLE[number + 1 :]
            assert not reached(send(port, get("/cron.php", X_Redcap_Secret=changed)))
        for wrong in (VISIBLE.swapcase(), VISIBLE + "x", "x" + VISIBLE, VISIBLE[:-1], VISIBLE + "," + VISIBLE[:5]):
            assert not reached(send(port, get("/cron.php", X_Redcap_Secret=wrong)))


@pytest.mark.parametrize("target", TARGETS)
def test_a_query_argument_opens_when_it_was_asked_for(target: str) -> None:
    with served(target, QUERY, ["cron.php"], ENVIRONMENT) as port:
        for value in ENVIRONMENT.values():
            assert reached(send(port, get(f"/cron.php?secret={value}")))
            assert reached(send(port, get(f"/cron.php?a=b&secret={value}&c=d")))
            for wrong in (
                f"secret={value}0",
                f"secret={value[:-1]}",
                f"xsecret={value}",
                "secret=",
                f"a=secret={value}",
            ):
                assert not reached(send(port, get(f"/cron.php?{wrong}")))
            assert not reached(send(port, get(f"/cron.php/secret={value}")))
    with served(target, PROTECTION, ["cron.php"], ENVIRONMENT) as port:
        assert not reached(send(port, get(f"/cron.php?secret={next(iter(ENVIRONMENT.values()))}")))
