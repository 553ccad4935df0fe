"""Following a program in the order in which it is executed: its calls, and the state of its RNG libraries."""
