"""The secrets of REDCap: labels, destinations, and what is read where."""

from __future__ import annotations

import pytest

from scanner.model.signature import Catalogue, SecretOrigin
from scanner.php import extract
from scanner.signatures import SecretReader


@pytest.mark.parametrize(
    ("label", "origin", "destinations"),
    [
        ("db.password", SecretOrigin.DATABASE_PHP, ("config:hostname",)),
        ("salt", SecretOrigin.DATABASE_PHP, ()),
        ("config.sendgrid_api_key", SecretOrigin.CONFIG, ("api.sendgrid.com",)),
        ("config.openai_api_key", SecretOrigin.CONFIG, ("config:openai_endpoint_url",)),
        ("projects.twilio_auth_token", SecretOrigin.TABLE, ("api.twilio.com",)),
        ("env.AWS_SECRET_ACCESS_KEY", SecretOrigin.ENVIRONMENT, ("*.amazonaws.com",)),
        ("function.decrypt", SecretOrigin.FUNCTION, ()),
    ],
)
def test_a_secret_has_an_origin_and_legitimate_destinations(
    catalogue: Catalogue, label: str, origin: SecretOrigin, destinations: tuple[str, ...]
) -> None:
    (secret,) = (item for item in catalogue.secrets if item.label == label)
    assert (secret.origin, secret.destinations) == (origin, destinations)
    assert secret.severity_floor == ""


def test_what_is_public_by_design_has_a_floor(catalogue: Catalogue) -> None:
    floors = {item.label for item in catalogue.secrets if item.severity_floor == "info"}
    assert {"config.google_recaptcha_site_key", "config.googlemap_key"} <= floors
    assert not {"db.password", "salt", "config.google_recaptcha_secret_key", "config.dkim_private_key"} & floors


def test_every_column_names_its_table_and_its_label(catalogue: Catalogue) -> None:
    for secret in catalogue.secrets:
        if secret.origin is SecretOrigin.TABLE:
            assert secret.label == f"{secret.table.removeprefix('redcap_')}.{secret.name}"


def test_expected_hosts_and_own_server_are_known(catalogue: Catalogue) -> None:
    assert {"redcap.vumc.org", "api.twilio.com", "*.blob.core.windows.net"} <= catalogue.expected_hosts.keys()
    assert "APP_PATH_WEBROOT_FULL" in catalogue.own_server


def test_a_file_may_name_several_secrets(catalogue: Catalogue) -> None:
    code = b"""<?php function f() { global $password, $other; return [$GLOBALS['salt'], getenv('DB_PASSWORD'),
    db_query("SELECT sql_log FROM redcap_log_event12")]; }"""
    found = [item.label for item in SecretReader(catalogue).named(extract(code))]
    assert found == ["db.password", "env.DB_PASSWORD", "log_event.sql_log", "salt"]
