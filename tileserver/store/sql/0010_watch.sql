-- Files that are imported as they change: where they are looked for, and how each was read last. Of no revision,
-- and nothing of it is served.

CREATE TABLE watch_entry (
    entry text PRIMARY KEY,
    layer text NOT NULL,                        -- theatre.layer, which need not be there
    files text NOT NULL,                        -- as declared, a line each
    every text NOT NULL,
    is_declared boolean NOT NULL DEFAULT true,  -- to the watcher that began last
    looked_at timestamptz,
    well_at timestamptz,                        -- the last look at which nothing failed
    trouble text NOT NULL DEFAULT '',           -- of the entry as a whole; '' for none
    failing_from timestamptz                    -- of the entry or any of its files; NULL while none fails
);

CREATE TABLE watched_file (
    entry text NOT NULL REFERENCES watch_entry ON DELETE CASCADE,
    path text NOT NULL,
    size bigint NOT NULL,
    modified bigint NOT NULL,  -- ns, by the clock of the file system
    changed bigint NOT NULL,
    hash bytea NOT NULL,       -- of its bytes, 16 bytes; empty where it could not be opened
    terms bytea NOT NULL,      -- hash of all that decides how it is read: options, and the mapping's text
    result text NOT NULL CHECK (result IN ('imported', 'unchanged', 'held', 'failed')),
    said text NOT NULL,        -- why, or what
    revision bigint,
    held integer REFERENCES held ON DELETE SET NULL,
    read_at timestamptz NOT NULL,
    failures integer NOT NULL, -- in a row
    next_try timestamptz,
    gone_at timestamptz,       -- the look at which it was missing
    PRIMARY KEY (entry, path)
);

CREATE TABLE watcher (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    host text NOT NULL,
    process integer NOT NULL,
    began timestamptz NOT NULL
);

-- All that servers may know of the desk's work: how much waits and for how long, without a name.
CREATE VIEW desk_waiting AS
SELECT held.number AS held, held.oldest AS held_from, watched.failing, watched.failing_from, watched.well_at
FROM (SELECT count(*) AS number, min(since) AS oldest FROM held WHERE state = 'waiting') AS held,
    (
        SELECT count(failing_from) AS failing, min(failing_from) AS failing_from, min(coalesce(well_at, failing_from)) AS well_at
        FROM watch_entry WHERE is_declared
    ) AS watched;

-- A role that serves was granted the tables in advance; these are the desk's.
DO $$
DECLARE
    reader regrole;
BEGIN
    FOR reader IN
        SELECT grantee::regrole FROM pg_class, aclexplode(relacl)
        WHERE oid = 'watched_file'::regclass AND grantee <> 0
        GROUP BY grantee HAVING bool_and(privilege_type = 'SELECT')
    LOOP
        EXECUTE format('REVOKE ALL ON watch_entry, watched_file, watcher FROM %s', reader);
    END LOOP;
END $$;
