-- The space-time partition of the layers of areas that have statuses, and the lines that derive from it.
-- Features stay as their source had them; what is drawn, and measured, are these.

CREATE TABLE face (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    band smallint NOT NULL,  -- the lowest zoom that it is drawn at
    cell integer NOT NULL,   -- of the band's cell zoom: column times 2^zoom plus row
    id bigint NOT NULL CHECK (id BETWEEN 0 AND 9007199254740991),
    content bytea NOT NULL,  -- hash of geometry and properties
    valid tstzrange NOT NULL CHECK (NOT isempty(valid) AND lower_inc(valid) AND NOT upper_inc(valid)),
    known int8range NOT NULL CHECK (NOT isempty(known)),
    properties jsonb NOT NULL,
    km2 double precision,    -- on the ellipsoid; areas of the finest band only
    geom geometry(Geometry, 3857) NOT NULL
);

CREATE INDEX face_tile ON face USING gist (layer, band, geom, valid, known);
CREATE INDEX face_cell ON face (layer, band, cell);

-- `edition` is raised when what past revisions held is rewritten, and so names every version anew: faces
-- made by another generaliser or from another definition, and withdrawals. `fingerprint` names the
-- generaliser and the definition that the faces were made with.
ALTER TABLE layer
    ADD COLUMN edition integer NOT NULL DEFAULT 0,
    ADD COLUMN fingerprint text NOT NULL DEFAULT '';
