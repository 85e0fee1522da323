#!/bin/sh
# Put the cluster back as it was at a moment: restore.sh '2026-11-28 10:00:00+00' makes PGDATA, which has to be empty, from the
# last copy of before; PostgreSQL then replays the log up to that moment at its next start, and takes writes.
# Without a moment: up to the end of the archive.
set -eu
backups=${BACKUPS:-/backup} moment=${1:-}
if [ -n "$(ls -A "$PGDATA")" ]; then
    echo "$PGDATA is not empty: set it aside first" >&2
    exit 1
fi
copy=
for each in "$backups"/base/*Z; do
    name=${each##*/}
    if [ -z "$moment" ] || [ "$name" \< "$(date -u -d "$moment" +%Y%m%dT%H%M%SZ)" ]; then
        copy=$each
    fi
done
[ -n "$copy" ] || { echo "no copy in $backups/base is from before $moment" >&2; exit 1; }
cp -a "$copy/." "$PGDATA/"
chmod 0700 "$PGDATA"
touch "$PGDATA/recovery.signal"
# The settings leave with the end of the recovery: a standby that is copied later must not stop at that moment, too.
{
    echo "restore_command = 'cp ${WAL_ARCHIVE:-$backups/wal}/%f \"%p\"'"
    echo "recovery_target_action = 'promote'"
    [ -z "$moment" ] || echo "recovery_target_time = '$moment'"
    echo "recovery_end_command = 'sed -i -e /^recovery_/d -e /^restore_command/d postgresql.auto.conf'"
} >>"$PGDATA/postgresql.auto.conf"
echo "from $copy"
