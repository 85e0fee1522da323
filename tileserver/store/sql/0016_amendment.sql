-- Events and notes of which the desk itself has said what holds: no import of their source changes one, until the desk
-- lets its source in again. Known in revisions as all else, so that a rollback brings them back.

CREATE TABLE amendment (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    id bigint NOT NULL CHECK (id BETWEEN 0 AND 9007199254740991),  -- as tiles have it
    source bytea NOT NULL,  -- hash of what the source said when the desk amended it; empty where the desk alone wrote it
    known int8range NOT NULL CHECK (NOT isempty(known)),
    EXCLUDE USING gist (layer WITH =, id WITH =, known WITH &&)
);

CREATE INDEX feature_version_id ON feature_version (layer, id);
