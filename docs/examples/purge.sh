#!/bin/sh
# Run a command, such as the purge of a CDN, each time that something was withdrawn or declared anew:
#   purge.sh http://127.0.0.1:8000 curl -X POST -H "Fastly-Key: $KEY" https://api.fastly.com/service/$ID/purge/ukraine
# The name in /promise changes when no process shows any more what is gone. A command that fails is run again.
set -eu
server=$1
shift
known=
while :; do
    told=$(curl --silent --max-time 5 --output /dev/null --write-out '%header{tileserver-promise}' "$server/promise") || told=
    if [ -z "$known" ] || { [ -n "$told" ] && [ "$told" != "$known" ] && "$@"; }; then
        known=$told
    fi
    sleep 1
done
