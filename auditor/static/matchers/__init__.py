"""Declarative kinds of match, one file each."""
