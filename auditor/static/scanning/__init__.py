"""The rules asked of the files: which can hold where, in which order they are asked, what becomes of what they find."""
