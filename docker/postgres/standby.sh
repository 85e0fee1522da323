#!/bin/sh
# A standby: copied from the primary where its folder is empty, and then PostgreSQL with the arguments given.
# Needs PGDATA, PRIMARY_HOST, REPLICATION_PASSWORD; PRIMARY_PORT is 5432 unless set. Runs as `postgres`.
set -eu
primary="host=$PRIMARY_HOST port=${PRIMARY_PORT:-5432} user=streaming application_name=standby"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    export PGPASSWORD="$REPLICATION_PASSWORD" # which pg_basebackup writes into the standby's own settings
    copied=
    until [ -n "$copied" ]; do
        find "$PGDATA" -mindepth 1 -delete # what a copy that was cut off has left
        # The slot keeps for the standby what it has not read. It may be there, or gone after a restore.
        psql --quiet --no-psqlrc --command="CREATE_REPLICATION_SLOT standby PHYSICAL" \
            "$primary replication=true" || true
        if pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --slot=standby --wal-method=stream \
            --checkpoint=fast --dbname="$primary"; then
            copied=yes
        else
            echo "the primary cannot be copied yet; again in 2 s" >&2
            sleep 2
        fi
    done
    unset PGPASSWORD
    chmod 0700 "$PGDATA"
fi
exec "$@"
