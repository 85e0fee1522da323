-- Imports that become public at a time, and imports that more than one person has to look at.

ALTER TABLE held
    ADD COLUMN imported_by text NOT NULL DEFAULT '', -- '' for those of before
    ADD COLUMN publish_at timestamptz,               -- not public before; NULL for as soon as it is agreed
    ADD COLUMN agreed_by text,                       -- whose decision it is to publish it then; NULL while it waits
    ADD COLUMN remark jsonb NOT NULL DEFAULT '{}';   -- what readers are told of it then

CREATE TABLE held_approval (
    held integer NOT NULL REFERENCES held ON DELETE CASCADE,
    person text NOT NULL, -- the name without case and spaces around it
    by text NOT NULL,
    reason text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (held, person)
);

-- What waits for its time alone waits for nobody, unless its time has passed for a while.
CREATE OR REPLACE VIEW desk_waiting AS
SELECT held.number AS held, held.oldest AS held_from, watched.failing, watched.failing_from, watched.well_at
FROM (
    SELECT count(*) AS number, min(since) AS oldest FROM held
    WHERE state = 'waiting' AND (agreed_by IS NULL OR publish_at < clock_timestamp() - interval '5 minutes')
) AS held,
    (
        SELECT count(failing_from) AS failing, min(failing_from) AS failing_from, min(coalesce(well_at, failing_from)) AS well_at
        FROM watch_entry WHERE is_declared
    ) AS watched;

-- A role that serves was granted the table in advance; it is the desk's.
DO $$
DECLARE
    reader regrole;
BEGIN
    FOR reader IN
        SELECT grantee::regrole FROM pg_class, aclexplode(relacl)
        WHERE oid = 'held_approval'::regclass AND grantee <> 0
        GROUP BY grantee HAVING bool_and(privilege_type = 'SELECT')
    LOOP
        EXECUTE format('REVOKE ALL ON held_approval FROM %s', reader);
    END LOOP;
END $$;
