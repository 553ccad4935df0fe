"""Parsed files: their trees, the scopes in them, where a name gets its meaning, where things stand."""
