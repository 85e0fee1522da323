-- What a server of tiles that knows no time is given: the rows of the data set with both their times, and a
-- function for each task. As favourable as can be made: rows of what is asked about and nothing else, what
-- does not change from one day to the next kept once, an index for how it is asked, plans that are kept.
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE SCHEMA dated;
CREATE SCHEMA dated_rows;

-- `valid` are the days on which it was so, `known` the publications that tell it so.
CREATE TABLE dated_rows.area (
    id bigserial PRIMARY KEY, place text, status text, geom geometry(Geometry, 3857), valid daterange, known int4range
);
CREATE INDEX ON dated_rows.area USING gist (geom, valid);
CREATE TABLE dated_rows.event (
    id bigserial PRIMARY KEY, event text, kind text, exactness text, text text, sources text,
    day date, geom geometry(Point, 3857), known int4range
);
CREATE INDEX ON dated_rows.event USING gist (geom, day);

-- The last day that is old enough to be public.
CREATE FUNCTION dated_rows.last_public() RETURNS date LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT ((now() - interval '{embargo}') AT TIME ZONE 'UTC')::date - 1 $$;

CREATE FUNCTION dated.as_of(z integer, x integer, y integer, first date, last date, known integer) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE at date := least(first, dated_rows.last_public()); k integer := known;
BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'areas', 4096, 'geom', 'id') FROM (
        SELECT a.id, a.status, ST_AsMVTGeom(a.geom, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM dated_rows.area AS a
        WHERE a.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096) AND a.valid @> at AND a.known @> k
    ) AS cut WHERE geom IS NOT NULL
); END $$;

CREATE FUNCTION dated.events(z integer, x integer, y integer, first date, last date, known integer) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE till date := least(last, dated_rows.last_public()); k integer := known;
BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'events', 4096, 'geom', 'id') FROM (
        SELECT e.id, e.event, e.kind, e.exactness, e.text, e.sources,
            ST_AsMVTGeom(e.geom, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM dated_rows.event AS e
        WHERE e.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
            AND e.day BETWEEN first AND till AND e.known @> k
    ) AS cut WHERE geom IS NOT NULL
); END $$;

-- A row that holds on both days has not changed, so only the others are cut with each other.
CREATE FUNCTION dated.changed(z integer, x integer, y integer, first date, last date, known integer) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    one date := least(first, dated_rows.last_public()); two date := least(last, dated_rows.last_public());
    k integer := known;
BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'areas', 4096, 'geom') FROM (
        SELECT a.status AS was, b.status AS is, ST_AsMVTGeom(
            ST_CollectionExtract(ST_Intersection(a.geom, b.geom), 3), ST_TileEnvelope(z, x, y), 4096, 64, true
        ) AS geom
        FROM dated_rows.area AS a JOIN dated_rows.area AS b ON a.geom && b.geom AND a.status <> b.status
        WHERE a.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
            AND b.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
            AND a.valid @> one AND NOT a.valid @> two AND a.known @> k
            AND b.valid @> two AND NOT b.valid @> one AND b.known @> k
    ) AS cut WHERE geom IS NOT NULL
); END $$;

-- Days are numbers from 1970-01-01 on; what goes on has 2147483647.
CREATE FUNCTION dated.history(z integer, x integer, y integer, first date, last date, known integer) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE till date := least(last, dated_rows.last_public()); k integer := known;
BEGIN RETURN (
    SELECT ST_AsMVT(cut, 'areas', 4096, 'geom', 'id') FROM (
        SELECT a.id, a.status, greatest(lower(a.valid), first) - date '1970-01-01' AS "from",
            CASE WHEN upper(a.valid) <= till THEN upper(a.valid) - date '1970-01-01' ELSE 2147483647 END AS "to",
            ST_AsMVTGeom(a.geom, ST_TileEnvelope(z, x, y), 4096, 64, true) AS geom
        FROM dated_rows.area AS a
        WHERE a.geom && ST_TileEnvelope(z, x, y, margin => 64.0 / 4096)
            AND a.valid && daterange(first, till, '[]') AND a.known @> k
    ) AS cut WHERE geom IS NOT NULL
); END $$;

-- For Martin, which gives a function all parameters as one JSON; the same, by their names.
CREATE SCHEMA dated_martin;
DO $do$
DECLARE task text;
BEGIN
    FOREACH task IN ARRAY ARRAY['as_of', 'events', 'changed', 'history'] LOOP
        EXECUTE format($f$
            CREATE FUNCTION dated_martin.%1$I(z integer, x integer, y integer, query_params json) RETURNS bytea
            LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN dated.%1$I(
                z, x, y, (query_params ->> 'first')::date, (query_params ->> 'last')::date,
                (query_params ->> 'known')::integer
            ); END $$ $f$, task);
    END LOOP;
END $do$;

-- For tipg, which takes what a function returns for EPSG:4326 and cuts it itself: plain SQL, which PostgreSQL
-- writes into tipg's query, so that a tile's place reaches the index of rows that are kept in degrees.
CREATE TABLE dated_rows.area_degrees (LIKE dated_rows.area);
ALTER TABLE dated_rows.area_degrees ALTER geom TYPE geometry(Geometry, 4326) USING ST_Transform(geom, 4326);
CREATE INDEX ON dated_rows.area_degrees USING gist (geom, valid);
CREATE TABLE dated_rows.event_degrees (LIKE dated_rows.event);
ALTER TABLE dated_rows.event_degrees ALTER geom TYPE geometry(Point, 4326) USING ST_Transform(geom, 4326);
CREATE INDEX ON dated_rows.event_degrees USING gist (geom, day);

CREATE FUNCTION dated_rows.copy_in_degrees() RETURNS void LANGUAGE sql AS $$
    DELETE FROM dated_rows.area_degrees;
    INSERT INTO dated_rows.area_degrees
        SELECT id, place, status, ST_Transform(geom, 4326), valid, known FROM dated_rows.area;
    DELETE FROM dated_rows.event_degrees;
    INSERT INTO dated_rows.event_degrees
        SELECT id, event, kind, exactness, text, sources, day, ST_Transform(geom, 4326), known FROM dated_rows.event;
$$;

CREATE SCHEMA dated_tipg;
CREATE FUNCTION dated_tipg.as_of(first date, last date, known integer)
RETURNS TABLE (id bigint, status text, geom geometry) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.id, a.status, a.geom FROM dated_rows.area_degrees AS a
    WHERE a.valid @> least(first, dated_rows.last_public()) AND a.known @> $3 $$;
CREATE FUNCTION dated_tipg.events(first date, last date, known integer)
RETURNS TABLE (id bigint, event text, kind text, exactness text, text text, sources text, geom geometry)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT e.id, e.event, e.kind, e.exactness, e.text, e.sources, e.geom FROM dated_rows.event_degrees AS e
    WHERE e.day BETWEEN first AND least(last, dated_rows.last_public()) AND e.known @> $3 $$;
CREATE FUNCTION dated_tipg.changed(first date, last date, known integer)
RETURNS TABLE (id bigint, was text, "is" text, geom geometry) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.id, a.status, b.status, ST_CollectionExtract(ST_Intersection(a.geom, b.geom), 3)
    FROM dated_rows.area_degrees AS a JOIN dated_rows.area_degrees AS b
        ON a.geom && b.geom AND a.status <> b.status
    WHERE a.valid @> least(first, dated_rows.last_public()) AND NOT a.valid @> least(last, dated_rows.last_public())
        AND b.valid @> least(last, dated_rows.last_public()) AND NOT b.valid @> least(first, dated_rows.last_public())
        AND a.known @> $3 AND b.known @> $3 $$;
CREATE FUNCTION dated_tipg.history(first date, last date, known integer)
RETURNS TABLE (id bigint, status text, "from" integer, "to" integer, geom geometry)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.id, a.status, greatest(lower(a.valid), first) - date '1970-01-01',
        CASE WHEN upper(a.valid) <= least(last, dated_rows.last_public())
            THEN upper(a.valid) - date '1970-01-01' ELSE 2147483647 END,
        a.geom
    FROM dated_rows.area_degrees AS a
    WHERE a.valid && daterange(first, least(last, dated_rows.last_public()), '[]') AND a.known @> $3 $$;
