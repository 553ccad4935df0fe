"""Source text to findings; nothing of the audited project is executed."""
