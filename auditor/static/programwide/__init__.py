"""The programs of a project, and what is true of a program as a whole."""
