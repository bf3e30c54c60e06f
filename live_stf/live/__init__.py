"""The live loop: newest picture, people, windows, decisions and events."""
