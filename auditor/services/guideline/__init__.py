"""The guideline for reproducible training: what kept evidence, git and a fresh scan say about its six points."""
