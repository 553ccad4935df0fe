"""Kinds of fix: from a finding to what has to change in the source. `changes` is the language, `compose` writes it."""
