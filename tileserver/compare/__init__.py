"""What differs between two states: as tiles, and measured."""
