"""Launches programs, keeps their runs, reads their traces."""
