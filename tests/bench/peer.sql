-- What tipg is given, as favourable as can be made: copies of its own, of the newest revision only and with
-- no other layer between, each with the index that fits how it is asked.
--
-- tipg has no question of its own for "what held at t": its `datetime` compares one column. So:
--
-- 1. `peer.control_at(at)`, a function collection. tipg takes what a function returns for EPSG:4326, so
--    the rows behind it are kept in that; the function is plain SQL, which PostgreSQL writes into tipg's
--    query, where the tile's place and the instant both reach the index.
CREATE SCHEMA peer;
CREATE SCHEMA peer_rows;

CREATE TABLE peer_rows.control AS
SELECT id, properties ->> 'status' AS status, valid, ST_Transform(geom, 4326)::geometry(Geometry, 4326) AS geom
FROM feature_version WHERE layer = {layer} AND upper_inf(known);
CREATE INDEX ON peer_rows.control USING gist (geom, valid);

CREATE FUNCTION peer.control_at(at timestamptz) RETURNS TABLE (id bigint, status text, geom geometry)
LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT id, status, geom FROM peer_rows.control WHERE valid @> at $$;

-- 2. `peer.control`, a table with both ends as columns, in the tiles' own metres; asked with a CQL2 filter.
CREATE TABLE peer.control AS
SELECT row_number() OVER () AS gid, id, properties ->> 'status' AS status, lower(valid) AS valid_from,
    coalesce(upper(valid), 'infinity') AS valid_to, geom::geometry(Geometry, 3857) AS geom
FROM feature_version WHERE layer = {layer} AND upper_inf(known);
ALTER TABLE peer.control ADD PRIMARY KEY (gid);
CREATE INDEX ON peer.control USING gist (geom, valid_from, valid_to);

-- 3. `peer.day`, one day's state and nothing else: no time in it at all, the best that tipg can do.
CREATE TABLE peer.day AS
SELECT id, properties ->> 'status' AS status, geom::geometry(Geometry, 3857) AS geom
FROM feature_version WHERE layer = {layer} AND upper_inf(known) AND valid @> '{day}'::timestamptz;
ALTER TABLE peer.day ADD PRIMARY KEY (id);
CREATE INDEX ON peer.day USING gist (geom);

ANALYZE;
