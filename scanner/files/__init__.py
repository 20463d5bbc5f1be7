"""Files that are not PHP, and the pages in files that are: bytes to remarks."""
