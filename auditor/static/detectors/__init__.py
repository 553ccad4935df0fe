"""Rules that need code, one file each."""
