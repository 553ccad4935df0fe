"""Questions that take many runs: how many of them, in which order, and what they amount to together."""
