#!/bin/sh
# Once, on a primary that was just made: who may stream from it. The image runs it from
# /docker-entrypoint-initdb.d; by hand it needs PGDATA, POSTGRES_USER, POSTGRES_DB, REPLICATION_PASSWORD.
set -eu
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    -v password="$REPLICATION_PASSWORD" <<'SQL'
CREATE ROLE streaming LOGIN REPLICATION PASSWORD :'password';
SQL
echo "host replication streaming all scram-sha-256" >>"$PGDATA/pg_hba.conf"
psql --no-psqlrc --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --command="SELECT FROM pg_reload_conf()"
