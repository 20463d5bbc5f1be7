"""The differential question: which requests reach a protected script, open and protected, and what else is lost."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from scanner.model.protection import Protection, RequestSpelling
from scanner.protect.spellings import attacks, legitimate, mutations
from scanner.protect.wire import Response
from tests.servers.farm import CURRENT, NEXT, Configuration, Farm
from tests.servers.rig import reached, send

VERSIONS = ("15.7.1", "14.0.0")
"""Version folders of the marker release: the scanned one, and an older one left on the disk."""
SEED = 20_260_401
THREADS = 4
# What the families do not have and a server configuration fell to: valid as sent, invalid once decoded.
HALF_DECODED = (b"/%25zz", b"/%25", b"/%25%25", b"/%25u0063", b"/x%25.css")

# Files that the marker release has in place of a file system without case.
OTHER_CASE = (b"CRON.php", b"Cron.php/x", b"cRON.php", b"%43RON.php")


class Row(NamedTuple):
    """What one configuration did with the corpus."""

    name: str
    attacks: int
    reached: list[RequestSpelling]
    """Open: these ran a protected script."""
    passed: list[RequestSpelling]
    """Protected: these still did."""
    legitimate: int
    lost: list[RequestSpelling]
    """Legitimate requests that the protection answers otherwise than the open server."""


def corpus(protection: Protection, limit: int | None = None, random: int = 0) -> list[RequestSpelling]:
    """Attacks of every family, and random mixtures of them."""
    plain = next(attacks(protection, versions=VERSIONS))
    more = [_other(plain, plain.target + tail, "half-decoded") for tail in HALF_DECODED]
    more += [_other(plain, b"/" + name, "other-case") for name in OTHER_CASE]
    return [
        *attacks(protection, versions=VERSIONS, limit=limit),
        *more,
        *mutations(protection, seed=SEED, count=random, versions=VERSIONS),
    ]


def _other(plain: RequestSpelling, target: bytes, family: str) -> RequestSpelling:
    return RequestSpelling(method=b"GET", target=target, family=family, script=plain.script, legitimate=False)


def allowed(farm: Farm, protection: Protection, limit: int | None = None) -> list[RequestSpelling]:
    """Legitimate requests: the release's files, its flows, and calls with either secret."""
    files = sorted({name.replace(f"redcap_v{VERSIONS[0]}/", "redcap_v@/") for name in farm.release})
    found = legitimate(files, protection, versions=VERSIONS[:1], values=(CURRENT, NEXT), limit=limit)
    return list(found)


def ran(response: Response, protection: Protection) -> bool:
    """A protected script ran."""
    path = reached(response)
    return path.rpartition("/")[2] in {script.name for script in protection.scripts}


def measure(farm: Farm, item: Configuration, wrong: Sequence[RequestSpelling], right: Sequence[RequestSpelling]) -> Row:
    """Send both corpora to the open and to the protected site of a configuration."""
    bare, full = farm.open[item.name].port, farm.closed[item.name].port
    with ThreadPoolExecutor(THREADS) as pool:
        opened = list(pool.map(lambda request: send(bare, request), wrong))
        closed = list(pool.map(lambda request: send(full, request), wrong))
        before = list(pool.map(lambda request: send(bare, request), right))
        after = list(pool.map(lambda request: send(full, request), right))
    return Row(
        item.name,
        len(wrong),
        [request for request, answer in zip(wrong, opened, strict=True) if ran(answer, item.protection)],
        [request for request, answer in zip(wrong, closed, strict=True) if ran(answer, item.protection)],
        len(right),
        [request for request, *pair in zip(right, before, after, strict=True) if not _same(*pair)],
    )


def _same(before: Response, after: Response) -> bool:
    return (before.status, reached(before)) == (after.status, reached(after))
