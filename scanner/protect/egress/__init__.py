"""Egress allow-lists: from the findings of a scan to lines with reasons, and a deployed list against a release.

`targets` holds one module for each product that a list is written for, found by its `TARGET`.
"""
