"""One module for each product that a protection is written for, found by its `TARGET`."""
