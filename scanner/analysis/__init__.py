"""Program phase: facts of all files linked, and what reaches which call."""

from scanner.analysis.program import Program
from scanner.analysis.solver import Result, solve

__all__ = ["Program", "Result", "solve"]
