"""Dated vector tiles: front lines, territory and events, cut by date and cached."""

__version__ = "0.2.0"
