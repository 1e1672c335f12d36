#!/bin/sh
# Usage: ./learner.sh ID CONFIG - runs one learner until SIGTERM; see src/main.py.
exec python3 "$(dirname -- "$(readlink -f -- "$0")")/src/main.py" "$0" "$@"
