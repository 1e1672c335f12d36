#!/bin/sh
# Usage: ./client.sh ID CONFIG - runs one client until SIGTERM; see role.sh.
exec "$(dirname "$0")/role.sh" client "$@"
