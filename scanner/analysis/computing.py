"""Which of PHP's functions only compute: those that are folded, and those that look at arrays."""

from __future__ import annotations

from scanner.analysis import folds
from scanner.analysis.folding import names

_OF_ARRAYS = frozenset(
    {"isset", "empty", "unset", "count", "sizeof", "range", "implode", "join", "explode", "str_split", "mb_str_split",
     "array_map", "array_reverse", "array_flip", "array_slice", "array_merge", "array_keys", "array_values",
     "array_combine", "array_sum", "in_array", "array_key_exists", "array_search", "unpack", "json_decode", "vsprintf",
     "array_pop", "array_shift", "array_push", "current", "reset", "end", "key", "min", "max", "is_array", "is_string",
     "is_numeric", "is_int", "ctype_alpha", "ctype_digit", "ctype_upper", "ctype_lower", "array_fill", "str_word_count",
     "func_get_args", "func_get_arg", "floor", "ceil", "round", "error_reporting", "set_time_limit", "preg_split",
     "ksort", "sort", "usleep"}
)  # fmt: skip
COMPUTING: frozenset[str] = names() | _OF_ARRAYS
"""Lower-case names."""
__all__ = ["COMPUTING", "folds"]
