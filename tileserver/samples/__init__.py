"""The shipped samples: tables of places, drawn, and loaded through the desk as any newsroom's data."""
