"""Defaults of settings, read from a release's own SQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.analysis.settings import default_hosts
from scanner.pipeline import ScanOptions, scan

SQL = b"""
-- INSERT INTO redcap_config VALUES ('commented', 'nothing');
CREATE TABLE redcap_config (field_name varchar(191), value text);
INSERT INTO `redcap_config` (`field_name`, `value`) VALUES ('one_url', 'https://one.example/it''s'),
('page_title', 'REDCap'), ('empty', NULL), ('two_url', 'http://two.example:8080/');
insert into redcap_config values ('three_url', 'https://three.example');
INSERT INTO redcap_other VALUES ('other_url', 'https://other.example');
"""


def test_addresses_of_the_settings_table_and_nothing_else() -> None:
    assert default_hosts(SQL) == {"one_url": "one.example", "two_url": "two.example", "three_url": "three.example"}


@pytest.mark.parametrize("cut", [b"", SQL[:120], SQL[:190], b"INSERT INTO redcap_config VALUES (" + b"(" * 50_000])
def test_broken_sql_is_no_error(cut: bytes) -> None:
    assert default_hosts(cut).keys() <= {"one_url"}


def test_a_call_to_a_setting_names_the_default(tmp_path: Path) -> None:
    version = tmp_path / "redcap_v9.9.9"
    (version / "Resources" / "sql").mkdir(parents=True)
    (version / "Resources" / "sql" / "install_data.sql").write_bytes(SQL)
    (version / "page.php").write_text(
        "<?php\nfunction f() { global $two_url; fopen($two_url . '/x', 'r'); }\n", "utf-8"
    )
    report = scan(str(tmp_path), ScanOptions(cache=None, jobs=1))
    (call,) = (item for item in report.findings if item.rule == "url-capable-call")
    assert call.destinations == ("config:two_url", "two.example")
    assert ("default-host", "two_url = two.example") in call.details
