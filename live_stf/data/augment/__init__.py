"""How training windows are varied: one module a kind of change."""
