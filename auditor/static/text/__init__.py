"""What the bytes of files tell: nothing is parsed here, and no file is looked at that is not given."""
