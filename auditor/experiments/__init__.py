"""Questions that take many runs: how many of them, in which order, which agree, how far they spread."""
