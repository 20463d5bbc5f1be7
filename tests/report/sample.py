"""A small scan and a small comparison that show everything a report can show. No release of anything real."""

from __future__ import annotations

import msgspec

from scanner.model.finding import Category, Confidence, Finding, Rule, Severity, TraceStep
from scanner.model.report import (
    BaselineState,
    Comparison,
    Coverage,
    DestinationChange,
    DestinationSummary,
    EndpointChange,
    EndpointSummary,
    FindingChange,
    LimitHit,
    PackageChange,
    PackageSummary,
    PartialFile,
    ReleaseInfo,
    Report,
    SecretChange,
    SecretSummary,
    SkippedFile,
)

RULES = (
    Rule("dynamic-call", Category.BLIND_SPOT, "A callee that is computed at run time"),
    Rule("open-endpoint", Category.ENDPOINT, "A page that answers without login"),
    Rule("outbound-call", Category.EGRESS, "An outbound network call", "## What it does\n\nLists outbound calls."),
    Rule("secret-to-network", Category.EXFILTRATION, "A secret that reaches the network"),
    Rule("tls-check-off", Category.WEAKENING, "A TLS check that is switched off"),
)

STOLEN = Finding(
    rule="secret-to-network",
    category=Category.EXFILTRATION,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    path="redcap_v@/Classes/Stats.php",
    line=118,
    end_line=120,
    symbol="Stats::report",
    api="curl_exec",
    message="The database password reaches an outbound call to stats.example.net.",
    destinations=("stats.example.net",),
    secrets=("db.password", "db.username"),
    details=(("method", "POST"), ("tls-verify", "on")),
    trace=(
        TraceStep("database.php", 4, "$password holds db.password"),
        TraceStep("redcap_v@/Config/init_functions.php", 201, "stored in $GLOBALS['password']"),
        TraceStep("redcap_v@/Classes/Stats.php", 118, "argument CURLOPT_POSTFIELDS of curl_setopt"),
        TraceStep("redcap_v@/Classes/Stats.php", 120, "sent by curl_exec"),
    ),
    callee="curl_exec",
    code="curl_exec($ch)",
    excerpt=("\tcurl_setopt($ch, CURLOPT_POSTFIELDS, $body);", "\t$tries++;", "\treturn curl_exec($ch);"),
    identity="1111aaaa",
    evidence="e1",
    moved_key="m1",
)
CALL = Finding(
    rule="outbound-call",
    category=Category.EGRESS,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    path="redcap_v@/Classes/Updates.php",
    line=40,
    end_line=40,
    symbol="Updates::latest",
    api="http_get",
    message="Calls updates.example.org.",
    destinations=("updates.example.org",),
    code="http_get($url)",
    excerpt=("        $json = http_get('https://updates.example.org/latest');",),
    identity="2222bbbb",
    evidence="e2",
)
CALL_AFTER = msgspec.structs.replace(
    CALL,
    severity=Severity.HIGH,
    line=44,
    end_line=44,
    message="Calls cdn.example.net and updates.example.org.",
    destinations=("cdn.example.net", "updates.example.org"),
    details=(("tls-verify", "off"),),
    excerpt=("        $json = http_get($mirror ?: 'https://updates.example.org/latest');",),
    evidence="e3",
)
PAGE = Finding(
    rule="open-endpoint",
    category=Category.ENDPOINT,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    path="redcap_v@/ping.php",
    line=1,
    end_line=1,
    symbol="",
    api="NOAUTH",
    message="The page answers without login and writes to the database.",
    identity="3333cccc",
    evidence="e4",
)
DYNAMIC = tuple(
    Finding(
        rule="dynamic-call",
        category=Category.BLIND_SPOT,
        severity=Severity.MEDIUM,
        confidence=Confidence.POSSIBLE,
        path=f"redcap_v@/Libraries/vendor/acme/events/src/Bus{number}.php",
        line=10 + number,
        end_line=10 + number,
        symbol="Acme\\Bus::fire",
        api="$callback()",
        message="The callee is a value that could not be resolved.",
        package="acme/events",
        excerpt=("        return $callback(...$args);",),
        identity=f"4444{number}",
        evidence="e5",
    )
    for number in range(7)
)
GONE = Finding(
    rule="tls-check-off",
    category=Category.WEAKENING,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    path="redcap_v@/Classes/Sms.php",
    line=9,
    end_line=9,
    symbol="Sms::send",
    api="curl_setopt",
    message="TLS checks are off for sms.example.com.",
    destinations=("sms.example.com",),
    identity="5555dddd",
    evidence="e6",
)
EXPECTED = Finding(
    rule="outbound-call",
    category=Category.EGRESS,
    severity=Severity.INFO,
    confidence=Confidence.CERTAIN,
    path="redcap_v@/Classes/Mail.php",
    line=77,
    end_line=79,
    symbol="Mail::send",
    api="mail",
    message="Sends mail to the configured server.",
    destinations=("config:smtp_host",),
    identity="6666eeee",
    evidence="e7",
)

BASELINE = Report(
    tool_version="0.0.0",
    release=ReleaseInfo("redcap15.7.5.zip", "15.7.5", "full", 1210),
    coverage=Coverage(files=1210, php_files=1001, parsed=1001, other_files=209, unresolved_calls=7),
    findings=(CALL, *DYNAMIC, GONE, EXPECTED),
    rules=RULES,
    destinations=(DestinationSummary("config:smtp_host", 1), DestinationSummary("updates.example.org", 1)),
    packages=(PackageSummary("acme/events", "2.0", ("eval",)),),
)
CURRENT = Report(
    tool_version="0.0.0",
    release=ReleaseInfo("redcap15.7.6.zip", "15.7.6", "full", 1212),
    coverage=Coverage(
        files=1212,
        php_files=1003,
        parsed=1000,
        partial=(PartialFile("redcap_v@/Classes/Odd.php", ((3, 9), (40, 40))),),
        skipped=(
            SkippedFile("redcap_v@/big.php", "size: larger than the limit"),
            SkippedFile("redcap_v@/docs", "symlink: points to a file that is scanned", incomplete=False),
        ),
        other_files=209,
        unresolved_calls=8,
        unresolved_includes=2,
        unresolved_destinations=1,
        limits_hit=(LimitHit("value-depth", "redcap_v@/Classes/Deep.php", 12, 3),),
    ),
    findings=(STOLEN, PAGE, CALL_AFTER, *DYNAMIC, EXPECTED),
    rules=RULES,
    destinations=(
        DestinationSummary("cdn.example.net", 1),
        DestinationSummary("config:smtp_host", 1),
        DestinationSummary("stats.example.net", 1),
        DestinationSummary("updates.example.org", 1),
    ),
    secrets=(SecretSummary("db.password", 1), SecretSummary("db.username", 1)),
    endpoints=(
        EndpointSummary("api/index.php", "token", "checks an API token"),
        EndpointSummary("redcap_v@/ping.php", "none", "NOAUTH defined", ("database", "files")),
    ),
    packages=(PackageSummary("acme/events", "2.0", ("eval", "network")),),
)
COMPARISON = Comparison(
    baseline=BASELINE,
    current=CURRENT,
    changes=(
        FindingChange(BaselineState.NEW, None, STOLEN),
        FindingChange(BaselineState.NEW, None, PAGE),
        *(FindingChange(BaselineState.NEW, None, finding) for finding in DYNAMIC[1:]),
        FindingChange(BaselineState.UPDATED, CALL, CALL_AFTER),
        FindingChange(BaselineState.ABSENT, GONE, None),
        FindingChange(BaselineState.UNCHANGED, DYNAMIC[0], DYNAMIC[0], "redcap_v@/Libraries/Bus0.php"),
        FindingChange(BaselineState.UNCHANGED, EXPECTED, EXPECTED),
    ),
    destinations=(
        DestinationChange(BaselineState.NEW, "cdn.example.net", 1),
        DestinationChange(BaselineState.NEW, "stats.example.net", 1),
        DestinationChange(BaselineState.ABSENT, "sms.example.com", 1),
        DestinationChange(BaselineState.UNCHANGED, "config:smtp_host", 1),
        DestinationChange(BaselineState.UNCHANGED, "updates.example.org", 1),
    ),
    secrets=(
        SecretChange(BaselineState.NEW, "db.password", 1),
        SecretChange(BaselineState.NEW, "db.username", 1),
    ),
    endpoints=(
        EndpointChange(BaselineState.NEW, "redcap_v@/ping.php", "none"),
        EndpointChange(BaselineState.UPDATED, "api/index.php", "token", "login"),
    ),
    packages=(
        PackageChange(BaselineState.UPDATED, "acme/events", "2.0", "2.0", ("eval", "network"), ("network",), True),
    ),
    files_added=3,
    files_removed=1,
    files_changed=20,
    files_unchanged=1189,
)
