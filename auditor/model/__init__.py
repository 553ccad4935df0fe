"""What travels between the rooms: frozen dataclasses and enums, no I/O, no logic."""
