"""Many runs: how far they agree, how far they spread."""
