"""PHP's pure functions, by topic. Importing this package makes all of them known to `folding`."""

from __future__ import annotations

from scanner.analysis.folds import (
    bases,
    compared,
    cutting,
    dates,
    digests,
    encodings,
    escapes,
    formats,
    letters,
    mathematics,
    packing,
    questions,
    replacing,
)

__all__ = [
    "bases", "compared", "cutting", "dates", "digests", "encodings", "escapes", "formats", "letters", "mathematics",
    "packing", "questions", "replacing",
]  # fmt: skip
