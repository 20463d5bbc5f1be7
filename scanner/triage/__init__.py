"""Policy and decisions of a site, applied to a finished report or comparison."""
