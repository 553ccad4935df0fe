"""Why two runs differ: one file a cause, each with a `CauseRule` called CAUSE. `classify` walks this folder."""
