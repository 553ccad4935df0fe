"""The parts of a tape: layout, streams, recording, playing, making up, and where entropy enters."""
