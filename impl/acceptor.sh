#!/bin/sh
# Usage: ./acceptor.sh ID CONFIG - runs one acceptor until SIGTERM; see src/main.py.
exec python3 "$(dirname -- "$(readlink -f -- "$0")")/src/main.py" "$0" "$@"
