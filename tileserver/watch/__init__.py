"""Imports of files that change: folders and lists, looked at on a schedule, each file its own revision."""
