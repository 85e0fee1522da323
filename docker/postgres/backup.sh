#!/bin/sh
# A whole copy of the running cluster that libpq's variables name (PGHOST, PGUSER, ...), checked, beside the archive of its
# log; of copies the last KEEP are kept (7), and of the log what they need.
set -eu
umask 077
backups=${BACKUPS:-/backup}
mkdir -p "$backups/base"
rm -rf "$backups/base/part" # of a run that was cut off
pg_basebackup --pgdata="$backups/base/part" --checkpoint=fast --wal-method=stream --no-password
pg_verifybackup --quiet "$backups/base/part"
made=$backups/base/$(date -u +%Y%m%dT%H%M%SZ) # its end: it is of use for moments after that
mv "$backups/base/part" "$made"
for old in $(ls -1d "$backups"/base/*Z | head -n "-${KEEP:-7}"); do
    rm -rf "$old"
done
oldest=$(ls -1d "$backups"/base/*Z | head -n 1)
first=$(sed -n 's/^START WAL LOCATION: .* (file \([0-9A-F]*\))$/\1/p' "$oldest/backup_label")
pg_archivecleanup "${WAL_ARCHIVE:-$backups/wal}" "$first"
echo "$made"
