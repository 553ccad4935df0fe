"""Changes → text: where a change lies in the source, how it is written there, and what cannot be done at once."""
