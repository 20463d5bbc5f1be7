"""Facts of many files: which files are PHP, extraction in worker processes, and the cache."""
