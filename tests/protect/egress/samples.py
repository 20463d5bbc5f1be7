"""Lists that the tests of the egress part share."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from scanner.model.egress import (
    EgressGap,
    EgressList,
    EgressRule,
    GapKind,
    Host,
    HostKind,
    Need,
    Reference,
    Service,
)
from scanner.model.finding import Category, Confidence, Finding, Severity
from scanner.model.report import Coverage, ReleaseInfo, Report
from scanner.pipeline import ScanOptions, scan
from scanner.protect.egress.build import build
from scanner.protect.egress.hosts import read_host
from scanner.signatures.load import shared_catalogue

ROOT = Path(__file__).resolve().parent.parent.parent.parent
RELEASES = ROOT / "fixtures" / "releases"
HTTPS = Service("https", 443)
HTTP = Service("http", 80)


def program(name: str) -> str:
    """Path of a program that `make servers` installs."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    assert found, f"{name} is missing: run `make servers`"
    return found


@cache
def report_of(version: str) -> Report:
    return scan(str(RELEASES / f"redcap{version}.zip"), ScanOptions(cache=None, jobs=1))


@cache
def features() -> dict[str, str]:
    return shared_catalogue().expected_hosts


@cache
def release(version: str, accepted: tuple[str, ...] = ()) -> EgressList:
    return build(report_of(version), features(), accepted=accepted)


def host(text: str) -> Host:
    found = read_host(text)
    assert found is not None, text
    return found


def rule(text: str, *services: Service, **more: object) -> EgressRule:
    fields: dict[str, object] = {
        "host": host(text),
        "services": tuple(sorted(services or (HTTPS,))),
        "need": Need.REQUIRED,
        "feature": "feature",
        "references": (Reference("redcap_v@/Classes/A.php", 7, "A::call", "http_get"),),
    }
    return EgressRule(**{**fields, **more})  # type: ignore[arg-type]


def listed(*rules: EgressRule, gaps: tuple[EgressGap, ...] = ()) -> EgressList:
    return EgressList(release="redcap1.zip", version="1.0.0", rules=rules, gaps=gaps)


SAMPLE = listed(
    rule("api.example.org", feature="messages", need=Need.OPTIONAL, settings=("message_key",)),
    rule("web.example.org", HTTP, HTTPS, known=False),
    rule("*.files.example.org", depth=2, notes=("the code fills in *.*.files.example.org",)),
    rule("vault.example.net", Service("https", 8443), Service("ssh", 22), need=Need.SITE, settings=("vault_host",)),
    rule("db.example.net", Service("mysql", 3306), need=Need.SITE, settings=("hostname",)),
    rule("raw.example.net", Service("any", 0)),
    rule("names.example.net", Service("dns", 53), Service("dns", 53, "udp")),
    rule("192.0.2.7", HTTP),
    rule("2001:db8::7", HTTPS),
    rule("odd.example.com", held="look at the code first: secret-to-network at a.php:1"),
    gaps=(
        EgressGap(
            kind=GapKind.SETTING,
            subject="openid_connect_provider_url",
            text="set by the site: `openid_connect_provider_url` names the host",
            services=(HTTPS,),
            references=(Reference("redcap_v@/Classes/B.php", 3, "B::login", "http_get"),),
        ),
    ),
)


def finding(*destinations: str, **more: object) -> Finding:
    """An outbound call in first-party code, unless said otherwise."""
    details = {"channel": "http", **more.pop("details", {})}  # type: ignore[dict-item]
    fields: dict[str, object] = {
        "rule": "outbound-call",
        "category": Category.EGRESS,
        "severity": Severity.INFO,
        "confidence": Confidence.CERTAIN,
        "path": "redcap_v@/Classes/A.php",
        "line": 7,
        "end_line": 7,
        "symbol": "A::call",
        "api": "http_get",
        "message": "",
        "destinations": destinations,
        "details": tuple(sorted((key, value) for key, value in details.items())),
    }
    return Finding(**{**fields, **more})  # type: ignore[arg-type]


def report(*findings: Finding) -> Report:
    coverage = Coverage(files=1, php_files=1, parsed=1)
    return Report(
        tool_version="0",
        release=ReleaseInfo("r.zip", "1.0.0", "full", 1),
        coverage=coverage,
        findings=findings,
        rules=(),
    )


labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda text: not text.startswith("xn--")
)
names = st.lists(labels, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, "example"]))
hosts = st.one_of(
    names.map(lambda text: Host(HostKind.NAME, text)),
    names.map(lambda text: Host(HostKind.WILDCARD, f"*.{text}")),
    st.ip_addresses().map(lambda address: Host(HostKind.ADDRESS, str(address))),
)
hostile = st.text(
    st.sampled_from(list("\"'\\;#\n\r\t{}[]()<>&$`|*,:/@ %=!?\x00\x1b\u202e\u2028\udc80a.é-")), max_size=24
)
services = st.sampled_from(
    [
        HTTP,
        HTTPS,
        Service("https", 8443),
        Service("any", 0),
        Service("smtp", 25),
        Service("dns", 53, "udp"),
        Service("tls", 0),
    ]
)
references = st.builds(Reference, hostile, st.integers(1, 99), hostile, hostile, hostile)
rules = st.builds(
    lambda where, what, **fields: EgressRule(host=where, services=tuple(sorted(set(what))), **fields),
    hosts,
    st.lists(services, min_size=1, max_size=3),
    need=st.sampled_from(Need),
    feature=hostile,
    references=st.lists(references, min_size=1, max_size=3).map(tuple),
    settings=st.lists(hostile, max_size=2).map(tuple),
    known=st.booleans(),
    held=st.just("") | hostile,
    depth=st.integers(0, 3),
    notes=st.lists(hostile, max_size=2).map(tuple),
)
gaps = st.builds(
    EgressGap,
    kind=st.sampled_from(GapKind),
    subject=hostile,
    text=hostile,
    references=st.lists(references, min_size=1).map(tuple),
)
lists = st.builds(
    EgressList,
    release=hostile,
    version=hostile,
    rules=st.lists(rules, max_size=6, unique_by=lambda item: item.host).map(tuple),
    gaps=st.lists(gaps, max_size=2).map(tuple),
)
