"""Two runs to the reason why they differ; what determinism costs."""
