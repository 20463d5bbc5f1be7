"""Known tricks planted into a copy of the user's own release, in memory, to see which of them are found."""
