-- Places that a desk names on the map, such as villages that the basemap lacks: lists, each imported as a whole.
-- Of no revision and no date, and public at once.

CREATE TABLE place (
    list text NOT NULL,
    number integer NOT NULL,                            -- of the row in its file
    theatre text REFERENCES theatre ON DELETE CASCADE,  -- NULL for all
    names jsonb NOT NULL,                               -- by language; the local name under ''
    zoom integer NOT NULL CHECK (zoom BETWEEN 2 AND 14),  -- from which it is written on the map
    lon double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    PRIMARY KEY (list, number)
);
