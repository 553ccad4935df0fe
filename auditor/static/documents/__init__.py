"""Files that are no Python programs but decide what a run does: configurations, launchers, images, dependencies."""
