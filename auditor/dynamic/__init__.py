"""Two runs held against each other: where they stop agreeing, how far apart they are, and why."""
