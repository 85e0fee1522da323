"""Periods as tiles: which there are, and what each tile of them holds."""
