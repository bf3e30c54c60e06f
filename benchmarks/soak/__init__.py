"""Runs the live loop for a long time on a camera that fails at random, and checks limits."""
