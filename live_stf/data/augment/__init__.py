"""Augmentation of training windows: one module for each kind of change."""
