#!/bin/sh
# archive_command: the file of the log $1, under its name $2, into the archive; whole or not at all, and never another
# one under the same name. PostgreSQL tries again where it fails, and keeps the file until then.
set -eu
archive=${WAL_ARCHIVE:-/backup/wal}
if [ -e "$archive/$2" ]; then
    exec cmp -s "$1" "$archive/$2" # it was kept before PostgreSQL heard so
fi
cp "$1" "$archive/$2.part"
sync "$archive/$2.part"
mv "$archive/$2.part" "$archive/$2"
