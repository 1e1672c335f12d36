#!/bin/sh
# Usage: ./client.sh ID CONFIG - runs one client until SIGTERM; see src/main.py.
exec python3 "$(dirname -- "$(readlink -f -- "$0")")/src/main.py" "$0" "$@"
