"""Protection of pages that anyone can call, and of the way out: vendor-neutral rules and their targets."""
