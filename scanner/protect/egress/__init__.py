"""One module for each product that an egress allow-list is written for, found by its `TARGET`."""
