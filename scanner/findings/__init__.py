"""Findings of one release: fingerprints, de-duplication and order."""
