"""One use case a file; what front ends call."""
