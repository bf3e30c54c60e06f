"""Measures the time of every stage per frame, and how the live loop keeps up."""
