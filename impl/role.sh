#!/bin/sh
# Usage: role.sh ROLE ID CONFIG - runs one process with the project's own Python if it is set up.
# It replaces this shell, so that the process has its number, and CONFIG is in its command line.
# With PAXOS_RUN_DIR set, it leaves its trace in that folder.
role=$1
if [ $# -ne 3 ]; then
    echo "error: expected two arguments, as in: ./$role.sh 1 paxos.conf" >&2
    exit 2
fi
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd) || exit 2
python=$here/../.venv/bin/python
[ -x "$python" ] || python=python3
PYTHONPATH=$here${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
# Harnesses run the same configuration again and again, each time as a new cluster: nothing may be
# left of the run before.
exec "$python" -m paxos "$role" "$2" --config "$3" --storage memory \
    ${PAXOS_RUN_DIR:+--run-dir "$PAXOS_RUN_DIR"}
