"""Live recognition: newest frame, people, windows, decisions and events."""
