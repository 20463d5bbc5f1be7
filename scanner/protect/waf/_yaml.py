"""YAML that reads well: keys in the order given, no aliases, long text in one line."""

from __future__ import annotations

from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002  the base class has it so
        """Write a value out wherever it stands."""
        return True


def dump(value: Any) -> str:  # noqa: ANN401  anything that YAML can hold
    """Text of a value, with a line end."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=2**31, allow_unicode=False)
