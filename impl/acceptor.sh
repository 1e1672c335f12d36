#!/bin/sh
# Usage: ./acceptor.sh ID CONFIG - runs one acceptor until SIGTERM; see role.sh.
exec "$(dirname "$0")/role.sh" acceptor "$@"
