"""Widgets that take model data and know no service."""
