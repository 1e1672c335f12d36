#!/bin/sh
# Usage: ./learner.sh ID CONFIG - runs one learner until SIGTERM; see role.sh.
exec "$(dirname "$0")/role.sh" learner "$@"
