-- Imports that were held back: what was read of them, until the desk accepts or rejects it. They are of no
-- revision, and nothing of them is served. `content` is gone once that is decided; the account stays.

CREATE TABLE held (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    origin text NOT NULL,
    digest bytea NOT NULL,  -- names what was read
    rulings jsonb NOT NULL, -- why it is held, as judged against the layer's newest revision then
    judged bigint NOT NULL, -- that revision; 0 before the first
    report jsonb NOT NULL,
    content bytea,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'rejected')),
    reason text NOT NULL DEFAULT '',
    decided timestamptz,
    revision bigint REFERENCES revision  -- that it was accepted in, if it changed anything
);

CREATE UNIQUE INDEX held_waiting ON held (layer, digest) WHERE state = 'waiting';

CREATE TABLE held_quarantine (
    held integer NOT NULL REFERENCES held ON DELETE CASCADE,
    finding text NOT NULL,
    origin text NOT NULL,
    raw text NOT NULL
);
