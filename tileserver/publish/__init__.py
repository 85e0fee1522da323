"""Documents that go out: TileJSON, the catalogue, timelines, styles; plain dictionaries."""
