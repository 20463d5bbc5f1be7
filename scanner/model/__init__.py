"""Frozen values that the stages hand to each other. No behaviour beyond derived properties."""
