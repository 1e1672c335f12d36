#!/bin/sh
# Usage: ./proposer.sh ID CONFIG - runs one proposer until SIGTERM; see src/main.py.
exec python3 "$(dirname -- "$(readlink -f -- "$0")")/src/main.py" "$0" "$@"
