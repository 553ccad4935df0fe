"""Where a program, a call or a process gets its seed from; what the kinds of fix about seeds share."""
