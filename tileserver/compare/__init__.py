"""Comparisons of two states: as tiles, and measured."""
