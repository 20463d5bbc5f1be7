"""One cold scan in this process and its workers, its phases timed apart; prints one line of JSON.

Times are wall time and processor time (all processes); a busy machine moves the first and hardly the second.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scanner import pipeline

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
SPENT: dict[str, list[float]] = {}


def processor_time(who: int = resource.RUSAGE_SELF) -> float:
    """Seconds of this process, or of its children that have ended."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def timed(name: str, function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function, with its times in `SPENT`."""

    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        start, used = time.perf_counter(), processor_time()
        try:
            return function(*args, **kwargs)
        finally:
            SPENT[name] = [time.perf_counter() - start, processor_time() - used]

    return run


def main() -> int:
    """Scan the tree that the first argument names, without a cache."""
    tree, jobs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2  # noqa: PLR2004  tree and jobs
    for name, function in (("extraction", "gather"), ("program", "solve")):
        setattr(pipeline, function, timed(name, getattr(pipeline, function)))
    whole = timed("all", pipeline.scan)
    report = whole(tree, pipeline.ScanOptions(jobs=jobs, cache=None))
    for phase in ("extraction", "all"):  # all children are workers of the extraction, and have ended
        SPENT[phase][1] += processor_time(resource.RUSAGE_CHILDREN)
    spent = {name: {"seconds": round(wall, 2), "processor": round(used, 2)} for name, (wall, used) in SPENT.items()}
    print(json.dumps({"files": report.coverage.php_files, "findings": len(report.findings), **spent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
