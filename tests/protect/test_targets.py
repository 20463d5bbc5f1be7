"""The files of every server target: what they say, and that no name or value can say anything else in them."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from scanner.errors import ConfigurationError
from scanner.model.protection import AcceptedSecret, Mode, ProtectedScript, Protection, Target
from scanner.protect.matching import comment, encoded, literal, names_pattern, path_patterns

NAMES = ("apache", "caddy", "haproxy", "modsecurity2", "modsecurity3", "nginx", "traefik")
TARGETS: dict[str, Target] = {name: import_module(f"scanner.protect.waf.{name}").TARGET for name in NAMES}
GOLDEN = Path(__file__).parent / "golden"
VALUE = "c0ffee" * 8
REFERENCES = (AcceptedSecret("current", "redcap/current"), AcceptedSecret("next", "redcap/next"))
HOSTILE = "abC.09-_ '\"`#$%&()*+,:;<=>?@[]^{|}~\\!é語"
NASTY = ("a'b.php", 'a"b.php', "a`b.php", "a#b.php", "a$b.php", "a${x}.php", "a\\", "(a|b)+.php", "a b.php", "%{x}.php")
names = st.one_of(st.sampled_from(NASTY), st.text(HOSTILE, min_size=1, max_size=16)).filter(lambda name: name.strip())
every_target = pytest.mark.parametrize("target", TARGETS.values(), ids=NAMES)


def protection(
    name: str = "cron.php", mode: Mode = Mode.COOKIE, secrets: tuple[AcceptedSecret, ...] = REFERENCES, **more: object
) -> Protection:
    scripts = (ProtectedScript(name, (name, f"redcap_v@/{name}"), mode, "runs jobs"),)
    return msgspec.structs.replace(Protection(scripts=scripts, secrets=secrets), **more)


def found_by(value: Protection) -> str:
    return "|".join(path_patterns(value, value.scripts))


def rendered(target: Target, value: Protection) -> str:
    return "\n".join(f"== {file.name}\n{file.text}" for file in target.render(value))


@every_target
@given(name=names, multiviews=st.booleans(), mode=st.sampled_from(Mode))
def test_a_name_changes_nothing_but_its_own_pattern(target: Target, name: str, *, multiviews: bool, mode: Mode) -> None:
    plain_name = "zqz.php" if "." in name[1:] and name[0] != "." else "zqz"  # MultiViews: only with an extension
    plain = rendered(target, protection(plain_name, mode, multiviews=multiviews))
    hostile = rendered(target, protection(name, mode, multiviews=multiviews))
    assert hostile.count("\n") == plain.count("\n")
    for line, other in zip(hostile.splitlines(), plain.splitlines(), strict=True):
        if line.lstrip().startswith("#"):
            assert line == other.replace(plain_name, comment(name))
            assert not line.endswith("\\")
        elif line != other:  # a pattern or a link: the same characters as with a plain name, and no others
            assert set(line) <= set(other) | set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.\\|{}"
            )
            assert [line.count(char) for char in "\"'`#"] == [other.count(char) for char in "\"'`#"]
            assert set(re.findall(r"\$.", line)) <= set(re.findall(r"\$.", other))


@every_target
@pytest.mark.parametrize(
    "name", ["a\nb.php", "a\rb.php", "a\0.php", "a\x7f.php", "a/b.php", "", "\ud800.php", "x" * 65]
)
def test_names_that_no_file_of_a_release_should_have_are_refused(target: Target, name: str) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        target.render(protection(name))


@every_target
@pytest.mark.parametrize(
    "change",
    [
        {"header": "X-A\r\nX-B"},
        {"header": "X'A"},
        {"header": "Cookie"},
        {"header": "host"},
        {"cookie": "a;b"},
        {"cookie": "a\n"},
        {"query": "a&b"},
        {"query": "a\n"},
        {"base_path": "/a b/"},
        {"base_path": "redcap"},
        {"base_path": "/../"},
        {"base_path": "/a/./"},
        {"base_path": '/"/'},
        {"base_path": "/a/\n/"},
        {"scripts": ()},
        {"secrets": ()},
        {"secrets": (AcceptedSecret("current", "a/b"), AcceptedSecret("next", "a-b"))},
        {"secrets": (AcceptedSecret("current", "///"),)},
    ],
    ids=str,
)
def test_what_cannot_be_written_is_refused(target: Target, change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        target.render(protection(**change))  # type: ignore[arg-type]


@every_target
@pytest.mark.parametrize(
    "value", ["", "0" * 21, "a b" * 10, "é" * 30, "a\n" + "b" * 30, "b" * 30 + "\n", 'a"b' * 10, "x" * 201]
)
def test_values_that_are_short_or_need_encoding_are_refused(target: Target, value: str) -> None:
    with pytest.raises(ConfigurationError, match="secret must have"):
        target.render(protection(secrets=(AcceptedSecret("current", "a", value),)))


@every_target
@given(value=st.text("".join(map(chr, range(33, 127))), min_size=22, max_size=40))
def test_a_value_for_the_header_alone_may_be_any_visible_text(target: Target, value: str) -> None:
    text = rendered(target, protection(mode=Mode.HEADER, secrets=(AcceptedSecret("current", "a", value),)))
    plain = rendered(target, protection(mode=Mode.HEADER, secrets=(AcceptedSecret("current", "a", "Q" * 22),)))
    assert text == plain.replace("Q" * 22, literal(value))


@every_target
def test_no_value_is_written_unless_asked_for(target: Target) -> None:
    text = rendered(target, protection())
    assert "REDCAP_CURRENT" in text
    assert "REDCAP_NEXT" in text
    assert VALUE not in text
    assert VALUE in rendered(target, protection(secrets=(AcceptedSecret("current", "a", VALUE),)))


@every_target
def test_nothing_opens_what_is_blocked(target: Target) -> None:
    text = rendered(target, protection(mode=Mode.BLOCK, secrets=()))
    assert "x-redcap-secret" not in text.lower()
    assert "redcap_admin_secret" not in text


@every_target
def test_golden(target: Target) -> None:
    scripts = (
        ProtectedScript("cron.php", ("cron.php", "redcap_v@/cron.php"), Mode.HEADER, "runs all due jobs"),
        ProtectedScript("install.php", ("install.php", "redcap_v@/install.php"), Mode.BLOCK, "creates all tables"),
        ProtectedScript("upgrade.php", ("upgrade.php", "redcap_v@/upgrade.php"), Mode.COOKIE, "runs the upgrade"),
    )
    value = Protection(scripts=scripts, secrets=REFERENCES, base_path="/redcap/", query="secret", multiviews=True)
    path = GOLDEN / f"{target.name}.txt"
    text = rendered(target, value)
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(text)
    assert text == path.read_text()


@given(name=names)
def test_a_literal_pattern_takes_exactly_its_text(name: str) -> None:
    code_points = re.sub(
        r"\\x\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", literal(name, unicode=True)
    )
    assert re.fullmatch(code_points, name)
    assert re.fullmatch(literal(name).encode(), name.encode())
    assert not re.fullmatch(literal(name).encode(), name.encode() + b"x")


@given(name=names, data=st.data())
def test_a_deep_pattern_takes_every_encoding_of_every_character(name: str, data: st.DataObject) -> None:
    spelled = ""
    for char in name:
        times = data.draw(st.integers(0, 3))
        whole = "".join(f"%{byte:02X}" for byte in char.encode()) if times else char
        for _ in range(times - 1):
            whole = quote(whole, safe="")
        spelled += whole
    assert re.fullmatch(encoded(name).encode(), spelled.encode(), re.IGNORECASE)


@pytest.mark.parametrize(
    "tail", ["", "/", "/x.css", ";x", ":", "::$DATA", "?a", "#a", "%00", ".", " ", "...", ". /", "\\x"]
)
@pytest.mark.parametrize("before", ["", "/", "//", "/redcap_v9/", "/a/../", "\\", "/index.php/"])
def test_a_path_that_asks_for_the_script(tail: str, before: str) -> None:
    value = protection()
    pattern = found_by(value)
    assert re.search(pattern, f"{before}cron.php{tail}", re.IGNORECASE)


@pytest.mark.parametrize(
    "path",
    ["/mycron.php", "/cron.phpx", "/check_cron.php", "/cron.php5", "/cron/x", "/cronphp", "/cron.ph", "/cron.php-x"],
)
@pytest.mark.parametrize("multiviews", [False, True])
def test_a_path_that_only_looks_like_it(path: str, *, multiviews: bool) -> None:
    value = protection(multiviews=multiviews)
    if multiviews and path == "/cron/x":
        return
    assert not re.search(found_by(value), path, re.IGNORECASE)


@pytest.mark.parametrize(
    "path", ["/cron", "/cron/x", "//cron", "/a/../cron", "/redcap_v15.7.1/cron", "/r/cron;x", "/%63ron"]
)
def test_multiviews_are_taken_below_the_folders_of_the_script(path: str) -> None:
    value = protection(multiviews=True, base_path="/r/")
    pattern = found_by(value)
    assert re.search(pattern, path, re.IGNORECASE)
    assert not re.search(found_by(protection()), path, re.IGNORECASE)
    assert not re.search(pattern, "/Libraries/cron/readme.txt", re.IGNORECASE)


def test_names_that_differ_in_case_only_are_one() -> None:
    scripts = tuple(ProtectedScript(name, (name,), Mode.BLOCK, "x") for name in ("Cron.php", "cron.php"))
    assert names_pattern(scripts) == r"cron\x2ephp"


def test_traefiks_file_is_yaml_with_one_rule_for_each_group() -> None:
    text = TARGETS["traefik"].render(protection())[0].text
    filled = re.sub(r"\{\{ if [^}]*\}\}|\{\{ end \}\}", "", text)
    filled = re.sub(r'\{\{ env "[^"]*" \}\}', VALUE, filled)
    routers = yaml.safe_load(filled)["http"]["routers"]
    assert list(routers) == ["redcap-cookie"]
    rule = routers["redcap-cookie"]["rule"]
    assert rule.count("!HeaderRegexp(") == 4
    patterns = re.findall(r"`([^`]*)`", rule)
    assert re.search(patterns[0], "/x/CRON.php/y")
    assert all(re.compile(pattern) for pattern in patterns)
