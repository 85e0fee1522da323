-- Ids of features that were withdrawn, as tiles have them: of an event that has a key whatever is said of it, of all
-- others what was said. An import leaves each out, until the desk lets it in again.

CREATE TABLE withdrawn (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    id bigint NOT NULL CHECK (id BETWEEN 0 AND 9007199254740991),
    revision bigint NOT NULL REFERENCES revision,  -- of the withdrawal
    reason text NOT NULL,
    readmitted timestamptz,  -- since then an import may bring it back
    readmitted_for text NOT NULL DEFAULT '',
    PRIMARY KEY (layer, id, revision)
);

-- What was withdrawn by id before, and has not been imported again on purpose since.
INSERT INTO withdrawn (layer, id, revision, reason)
SELECT w.layer, ids.id::bigint, w.revision, w.reason
FROM withdrawal w, jsonb_array_elements_text(w.what -> 'ids') AS ids (id)
WHERE jsonb_typeof(w.what -> 'ids') = 'array'
    AND NOT EXISTS (SELECT FROM feature_version f WHERE f.layer = w.layer AND f.id = ids.id::bigint)
ON CONFLICT DO NOTHING;
