-- Keys of partners: only a hash of each, so that a copy of the database opens nothing.

CREATE TABLE api_key (
    id text PRIMARY KEY,                                -- its readable part
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),  -- SHA-256 of the whole key
    label text NOT NULL,                                -- whose it is, and what for
    tilesets text[] NOT NULL CHECK (tilesets <> '{}'),  -- patterns of names
    embargo_class text NOT NULL DEFAULT '',
    origins text[] NOT NULL DEFAULT '{}',               -- of pages that may use it; none for any
    per_minute bigint CHECK (per_minute > 0),           -- requests; NULL for any number
    per_month bigint CHECK (per_month > 0),
    created timestamptz NOT NULL DEFAULT now(),
    expires timestamptz,
    revoked timestamptz,
    generation bigint NOT NULL                          -- at which the row was written last
);
CREATE INDEX ON api_key (generation);

-- One row, locked by whoever writes keys: whoever has read up to a generation has missed nothing before it.
CREATE TABLE api_key_state (
    alone boolean PRIMARY KEY DEFAULT true CHECK (alone),
    generation bigint NOT NULL
);
INSERT INTO api_key_state (generation) VALUES (0);

CREATE TABLE api_key_usage (
    api_key text NOT NULL REFERENCES api_key ON DELETE CASCADE,
    day date NOT NULL,                                  -- of UTC
    requests bigint NOT NULL,
    refused bigint NOT NULL,
    PRIMARY KEY (api_key, day)
);
