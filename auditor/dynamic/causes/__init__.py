"""One file a cause of divergence; each asks the traces for its evidence."""
