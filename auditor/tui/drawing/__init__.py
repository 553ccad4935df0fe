"""From model data to rows of text; functions without a screen."""
