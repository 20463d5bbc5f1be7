"""One release against another: paired findings and what they add up to."""
