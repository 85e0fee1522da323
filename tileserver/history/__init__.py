"""Periods of history as tiles: the calendar that divides time, and the content of each tile."""
