"""What an answer rests on, and whether that is as it was in an earlier scan."""
