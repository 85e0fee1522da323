-- Instants of states that are known to the day alone: the state from `at` on is public once the day is old
-- enough that was over at `over`. A mark is never taken back, for one too many only lets a state wait.

CREATE TABLE known_day (
    layer integer NOT NULL REFERENCES layer ON DELETE CASCADE,
    at timestamptz NOT NULL,
    over timestamptz NOT NULL CHECK (over > at),
    PRIMARY KEY (layer, at)
);

-- What older versions imported does not say how exactly it is known: what begins or ends at a local midnight
-- is taken to be known to the day.
INSERT INTO known_day
SELECT layer, edge, ((edge AT TIME ZONE zone)::date + 1)::timestamp AT TIME ZONE zone
FROM (
    SELECT DISTINCT f.layer, edge, t.definition ->> 'day_zone' AS zone
    FROM feature_version f
    JOIN layer l ON l.id = f.layer
    JOIN theatre t ON t.id = l.theatre,
        LATERAL (VALUES (lower(f.valid)), (upper(f.valid))) AS ends (edge)
    WHERE l.kind <> 'points' AND edge IS NOT NULL AND isfinite(edge)
) AS edges
WHERE (edge AT TIME ZONE zone)::time = '00:00'
ON CONFLICT DO NOTHING;
