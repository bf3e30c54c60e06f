"""Placing joints in the coordinates that a network learned in: one module a benchmark, NumPy only.

`live_stf.preparation` chooses among them. Shapes: M bodies, T frames, V joints. A joint with a score of 0
is absent.
"""
