-- What the peers are given, as favourable as can be made: copies of their own, of the newest revision only and
-- with no other layer between, each with the index that fits how it is asked.
--
-- None of them has a question of its own for "what held on that day", so each is given it as SQL.
CREATE SCHEMA peer;
CREATE SCHEMA peer_rows;

-- 1. `peer.day`, one polygon set a local day, as dated maps are kept everywhere; what held at its end.
CREATE TABLE peer.day AS
SELECT each.day::date AS day, v.id, v.properties ->> 'status' AS status, v.geom::geometry(Geometry, 3857) AS geom
FROM (
    SELECT min(at) AT TIME ZONE '{zone}' AS first, max(at) AT TIME ZONE '{zone}' AS last
    FROM snapshot WHERE layer = {layer} AND upper_inf(known)
) AS known
CROSS JOIN generate_series(first::date::timestamp, last::date::timestamp, interval '1 day') AS each (day)
JOIN feature_version AS v ON v.layer = {layer} AND upper_inf(v.known)
    AND v.valid @> ((each.day + interval '1 day') AT TIME ZONE '{zone}' - interval '1 microsecond');
CREATE INDEX ON peer.day USING gist (day, geom);

-- For Martin: a function source. In PL/pgSQL, whose plans are kept; as plain SQL it took a tenth longer.
CREATE FUNCTION peer.day_tile(z integer, x integer, y integer, query_params json) RETURNS bytea
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'control', {extent}, 'geom', 'id') FROM (
        SELECT id, status, ST_AsMVTGeom(geom, ST_TileEnvelope(z, x, y), {extent}, {buffer}, true) AS geom
        FROM peer.day
        WHERE day = (query_params ->> 'date')::date AND geom && ST_TileEnvelope(z, x, y, margin => {buffer}.0 / {extent})
    ) AS cut WHERE geom IS NOT NULL
); END $$;

-- For pg_tileserv, which gives a function's parameters by name.
CREATE FUNCTION peer.day_named(z integer, x integer, y integer, wanted date DEFAULT '{day}') RETURNS bytea
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE AS
$$ BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'control', {extent}, 'geom', 'id') FROM (
        SELECT id, status, ST_AsMVTGeom(geom, ST_TileEnvelope(z, x, y), {extent}, {buffer}, true) AS geom
        FROM peer.day
        WHERE day = wanted AND geom && ST_TileEnvelope(z, x, y, margin => {buffer}.0 / {extent})
    ) AS cut WHERE geom IS NOT NULL
); END $$;

-- 2. `peer.control_at(at)`, a function collection of tipg. It takes what a function returns for EPSG:4326, so
--    the rows behind it are kept in that; the function is plain SQL, which PostgreSQL writes into tipg's
--    query, where the tile's place and the instant both reach the index.
CREATE TABLE peer_rows.control AS
SELECT id, properties ->> 'status' AS status, valid, ST_Transform(geom, 4326)::geometry(Geometry, 4326) AS geom
FROM feature_version WHERE layer = {layer} AND upper_inf(known);
CREATE INDEX ON peer_rows.control USING gist (geom, valid);

CREATE FUNCTION peer.control_at(at timestamptz) RETURNS TABLE (id bigint, status text, geom geometry)
LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT id, status, geom FROM peer_rows.control WHERE valid @> at $$;

-- 3. `peer.control`, a table with both ends as columns, in the tiles' own metres; asked with a CQL2 filter.
CREATE TABLE peer.control AS
SELECT row_number() OVER () AS gid, id, properties ->> 'status' AS status, lower(valid) AS valid_from,
    coalesce(upper(valid), 'infinity') AS valid_to, geom::geometry(Geometry, 3857) AS geom
FROM feature_version WHERE layer = {layer} AND upper_inf(known);
ALTER TABLE peer.control ADD PRIMARY KEY (gid);
CREATE INDEX ON peer.control USING gist (geom, valid_from, valid_to);

-- 4. `peer.one_day`, one day's state and nothing else: no time in it at all, the best that tipg can do.
CREATE TABLE peer.one_day AS SELECT id, status, geom FROM peer.day WHERE day = '{day}';
ALTER TABLE peer.one_day ADD PRIMARY KEY (id);
CREATE INDEX ON peer.one_day USING gist (geom);

ANALYZE;
