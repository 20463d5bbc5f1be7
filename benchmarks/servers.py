"""Send every request spelling at every real server configuration and write docs/waf-measured.md.

For each configuration: how many requests reach a protected script when it is open, how many with the generated
configuration, how many legitimate requests are lost; and what AWS WAF would have let through of those that reach,
by the generated rule in every reading of its documentation and by the sample rule of the redcap-on-aws project.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scanner.protect.wafv2.build import capacity  # noqa: E402  after the path is set
from tests.servers.farm import CONFIGURATIONS, MULTIVIEWS, PROTECTION, running  # noqa: E402
from tests.servers.judge import ALL, ONE, Judge, generated, sample  # noqa: E402
from tests.servers.measure import Row, allowed, corpus, measure  # noqa: E402
from tests.servers.rig import program  # noqa: E402

RELEASE = ROOT / "fixtures" / "releases" / "redcap15.7.1.zip"
TARGET = ROOT / "docs" / "waf-measured.md"
RANDOM = 2_000
VERSIONS = (
    ("apache2", "-v", r"Apache/([\d.]+)"),
    ("nginx", "-v", r"nginx/([\d.]+)"),
    ("haproxy", "-v", r"version ([\d.]+)"),
    ("caddy", "version", r"([\d.]+)"),
    ("php", "-v", r"PHP ([\d.]+)"),
)


class Result(NamedTuple):
    """One line of the table."""

    row: Row
    generated: int
    sample_one: str
    sample_all: int


def judged(row: Row, rule: Judge, one: Judge, every: Judge) -> Result:
    """What the rules of AWS WAF let through of what reached."""
    cron = [request for request in row.reached if request.script in ONE]
    passed = sum(one.lets_through(request) for request in cron)
    return Result(
        row,
        sum(rule.lets_through(request) for request in row.reached),
        f"{passed:,} of {len(cron):,}",
        sum(every.lets_through(request) for request in row.reached),
    )


def versions() -> str:
    """Versions of the servers that were run."""
    found = []
    for name, option, pattern in VERSIONS:
        done = subprocess.run((program(name), option), capture_output=True, text=True, check=True)
        match = re.search(pattern, done.stdout + done.stderr)
        found.append(f"{name} {match[1] if match else '?'}")
    return ", ".join(found)


def page(results: list[Result], lost: dict[str, int], legitimate: int) -> str:
    """The documentation page."""
    lines = [
        "# Protection, measured",
        "",
        "Written by `make measure`: real servers on loopback, raw bytes over a socket, a connection for each request,",
        "a marker in place of every script of the release `fixtures/releases/redcap15.7.1.zip`, and an older version",
        f"folder beside it. {versions()}.",
        "",
        "- **reach**: requests without a secret that ran one of the three scripts on the open server.",
        "- **through**: of all requests, those that still ran one behind the generated configuration. It must be 0.",
        "- **lost**: legitimate requests (the release's files, its flows, names that look alike, calls with either",
        "  secret) that the protected server answers otherwise than the open one. It must be 0.",
        "- **AWS rule**: of those that reach, how many the generated AWS WAF rule lets through in at least one reading",
        "  of AWS's documentation, evaluated offline; nothing was sent to AWS. It must be 0.",
        "- **sample**: the same for the pattern of the redcap-on-aws sample (the raw path ends with the name), for",
        "  `cron.php` alone as in the sample, and repeated for the three scripts.",
        "",
        "| configuration | target | sent | reach | through | legitimate | lost | AWS rule | sample, cron | all three |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    targets = {item.name: item.target for item in CONFIGURATIONS}
    for result in results:
        row = result.row
        lines.append(
            f"| {row.name} | {targets[row.name]} | {row.attacks:,} | {len(row.reached):,} | {len(row.passed):,} "
            f"| {row.legitimate:,} | {len(row.lost):,} | {result.generated:,} | {result.sample_one} "
            f"| {result.sample_all:,} |"
        )
    units, more = capacity(PROTECTION), capacity(MULTIVIEWS)
    lines += [
        "",
        "## Legitimate requests that a rule of AWS WAF refuses",
        "",
        f"Of {legitimate:,}, in at least one reading. The sample takes its secret in the query only, so it refuses",
        "every call with the header or the cookie too; those calls are not counted against it here.",
        "",
        "| rule | refused |",
        "|---|--:|",
        *(f"| {name} | {count:,} |" for name, count in lost.items()),
        "",
        f"Capacity of the generated rules: {units.low} units, or {units.high} if the transformation NONE is charged;",
        f"{more.low} or {more.high} for a server with MultiViews.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, write the page; 1 when something came through or was lost."""
    judges = {protection: generated(protection) for protection in (PROTECTION, MULTIVIEWS)}
    one, every = sample(ONE), sample(ALL)
    results = []
    with running(RELEASE) as farm:
        right = allowed(farm, PROTECTION)
        for item in CONFIGURATIONS:
            row = measure(farm, item, corpus(item.protection, random=RANDOM), right)
            results.append(judged(row, judges[item.protection], one, every))
            print(row.name, len(row.reached), len(row.passed), len(row.lost), results[-1][1:], flush=True)
            for request in (*row.passed, *row.lost)[:5]:
                print("   ", request)
    without = [request for request in right if not request.family.startswith("secret-")]
    lost = {
        "generated": sum(judges[PROTECTION].refuses(request) for request in right),
        "sample, cron": sum(one.refuses(request) for request in without),
        "sample, all": sum(every.refuses(request) for request in without),
    }
    for request in right:
        if judges[PROTECTION].refuses(request):
            print("    AWS refuses", request)
    TARGET.write_text(page(results, lost, len(right)), "utf-8")
    wrong = any(result.row.passed or result.row.lost or result.generated for result in results) or lost["generated"]
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
