-- What people did, for good: each entry is chained to the one before by its hash, so that none can be changed, left
-- out or put elsewhere without a trace. `said` is the entry as canonical JSON (docs/audit.md), and what is hashed.

CREATE TABLE audit_entry (
    number bigint PRIMARY KEY,
    previous bytea NOT NULL,  -- hash of the entry before, 32 bytes; zeros before the first
    hash bytea NOT NULL,      -- SHA-256 of previous and said
    said text NOT NULL
);

-- For everyone, the owner of the table and superusers, too.
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is only ever added to';
END $$;
CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_stays;

-- Whoever may insert can do so at the end of the chain alone, one after the other.
CREATE FUNCTION audit_follows() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    last audit_entry;
BEGIN
    PERFORM pg_advisory_xact_lock(7266004);
    SELECT * INTO last FROM audit_entry ORDER BY number DESC LIMIT 1;
    IF NEW.number <> coalesce(last.number, 0) + 1
        OR NEW.previous <> coalesce(last.hash, decode(repeat('00', 32), 'hex'))
        OR NEW.hash <> sha256(NEW.previous || convert_to(NEW.said, 'UTF8'))
        OR (NEW.said::jsonb ->> 'number') IS DISTINCT FROM NEW.number::text
    THEN
        RAISE EXCEPTION 'entry % does not follow the last one of the audit log', NEW.number;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_follows BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_follows();

-- The chain begins here: of the revisions before there are no entries.
INSERT INTO audit_entry (number, previous, hash, said)
SELECT 1, start, sha256(start || convert_to(said, 'UTF8')), said
FROM (
    SELECT decode(repeat('00', 32), 'hex') AS start, format(
        '{"at":"%s","by":"","details":{"revisions_before":%s},"layers":[],"number":1,"reason":"",'
        '"revisions":[],"theatre":"","what":"begin"}',
        to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        (SELECT coalesce(max(id), 0) FROM revision)
    ) AS said
) AS first;

-- Roles were granted tables in advance: a role that serves sees nothing of it, a role that imports only adds.
DO $$
DECLARE
    role regrole;
    reads_only boolean;
BEGIN
    FOR role, reads_only IN
        SELECT grantee::regrole, bool_and(privilege_type = 'SELECT') FROM pg_class, aclexplode(relacl)
        WHERE oid = 'audit_entry'::regclass AND grantee <> 0 AND grantee <> relowner GROUP BY grantee
    LOOP
        IF reads_only THEN
            EXECUTE format('REVOKE ALL ON audit_entry FROM %s', role);
        ELSE
            EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON audit_entry FROM %s', role);
        END IF;
    END LOOP;
END $$;
