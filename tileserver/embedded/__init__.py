"""The private PostGIS cluster: found, made, started, kept alive; nothing else knows that it exists."""
