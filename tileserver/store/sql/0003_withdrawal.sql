-- What was taken out of every revision because it should never have been public: when, why, and what it was
-- by id or period; never what it held.

CREATE TABLE withdrawal (
    revision bigint NOT NULL REFERENCES revision,
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    what jsonb NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (revision, layer)
);
