"""PostGIS: schema, connections, and every SQL statement there is."""
