#!/bin/sh
# Usage: ./proposer.sh ID CONFIG - runs one proposer until SIGTERM; see role.sh.
exec "$(dirname "$0")/role.sh" proposer "$@"
