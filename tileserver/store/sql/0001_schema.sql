-- Theatres, layers, sources, revisions and feature versions. Two times on every version: `valid` is when
-- it was so in the world, `known` the revisions in which we held it to be so. Both are half-open.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;  -- so that one index serves layer, place and both times

CREATE TABLE theatre (
    id text PRIMARY KEY,
    definition jsonb NOT NULL,
    added timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE source (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    publisher text NOT NULL,
    licence text NOT NULL,
    attribution text NOT NULL,
    url text NOT NULL,
    UNIQUE (publisher, licence, attribution, url)
);

CREATE TABLE layer (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    theatre text NOT NULL REFERENCES theatre ON DELETE CASCADE,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('areas', 'lines', 'points')),
    source integer NOT NULL REFERENCES source,
    UNIQUE (theatre, name)
);

CREATE TABLE revision (
    id bigint PRIMARY KEY CHECK (id > 0),  -- given out in commit order, under a lock; an identity would not be
    committed timestamptz NOT NULL DEFAULT clock_timestamp(),
    summary text NOT NULL,
    report jsonb NOT NULL
);

CREATE TABLE revision_layer (
    revision bigint NOT NULL REFERENCES revision,
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    PRIMARY KEY (layer, revision)
);

-- Which whole states were read, and what each held; re-reading one that is known costs nothing.
CREATE TABLE snapshot (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    at timestamptz NOT NULL,
    content bytea NOT NULL,
    origin text NOT NULL,
    known int8range NOT NULL,
    EXCLUDE USING gist (layer WITH =, at WITH =, known WITH &&)
);

CREATE TABLE feature_version (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    id bigint NOT NULL CHECK (id BETWEEN 0 AND 9007199254740991),  -- a JavaScript number holds no more
    content bytea NOT NULL,                                        -- hash of geometry and properties
    valid tstzrange NOT NULL CHECK (NOT isempty(valid) AND lower_inc(valid) AND NOT upper_inc(valid)),
    known int8range NOT NULL CHECK (NOT isempty(known)),
    properties jsonb NOT NULL,
    geom geometry(Geometry, 3857) NOT NULL
);

CREATE INDEX feature_version_tile ON feature_version USING gist (layer, geom, valid, known);
CREATE INDEX feature_version_content ON feature_version (layer, content);

-- What an import could not use, kept for the desk to look at; never served.
CREATE TABLE quarantine (
    revision bigint NOT NULL REFERENCES revision,
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    finding text NOT NULL,
    origin text NOT NULL,
    raw text NOT NULL
);
