"""How the harnesses of courses start a process, in the words of the `paxos` command.

There are two layouts: `./ROLE.sh ID CONFIG` (2016 to 2024), which `src/main.py` is given as it was
called, and `src/main.py -r ROLE -p ID [-b N] [-d]` (2025), with its configuration in
`logs/config.json`. In both each run is a new cluster, so nothing is kept on disk. In both the
output of learners is compared, in 2025 with their standard error in it, so what else they have to
say goes to a file.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from paxos import __main__
from paxos.arguments import Parser, whole_number
from paxos.core.names import ROLES
from paxos.runtime.report import fail

RUN_DIR = "PAXOS_RUN_DIR"
"""The environment variable with the folder for traces. Without it there are none."""


def main(given: Sequence[str]) -> int:
    """Run the process that a harness wants; the exit status."""
    is_script = bool(given) and given[0].endswith(".sh")
    return __main__.main(_of_script(*given) if is_script else _of_options(given))


def _of_script(script: str, *given: str) -> list[str]:
    role = Path(script).stem
    if role not in ROLES:
        fail(f"expected a script called {', '.join(f'{name}.sh' for name in ROLES)}, not {script}")
        sys.exit(2)
    if len(given) != 2:
        fail(f"expected two arguments, as in: ./{role}.sh 1 paxos.conf")
        sys.exit(2)
    number, config = given
    return _words(role, number, config)


def _of_options(given: Sequence[str]) -> list[str]:
    parser = Parser(prog="src/main.py", description="One process, as a course's harness starts it.")
    parser.add_argument("-r", "--role", choices=ROLES, required=True)
    parser.add_argument(
        "-p", "--id", metavar="ID", type=whole_number, required=True, help="its number, from 1"
    )
    parser.add_argument(
        "-b",
        "--batch",
        metavar="N",
        type=whole_number,
        help="of a proposer: no more than N values in an instance; 1: no batching",
    )
    parser.add_argument("-d", "--debug", action="store_true", help="say more")
    parser.add_argument(
        "--config", metavar="FILE", default="logs/config.json", help="default: logs/config.json"
    )
    options = parser.parse_args(given)
    words = _words(options.role, str(options.id), options.config)
    if options.role == "client":
        words += ["--batch", "1"]  # it is not told the proposers' N, and no N is smaller
    elif options.role == "proposer" and options.batch:
        words += ["--batch", str(options.batch)]
    return [*words, "--verbose"] if options.debug else words


def _words(role: str, number: str, config: str) -> list[str]:
    run_dir = os.environ.get(RUN_DIR)
    words = [role, number, "--config", config, "--storage", "memory"]
    if run_dir:
        words += ["--run-dir", run_dir]
    if role == "learner":
        words += ["--log", str(Path(run_dir or ".", f"paxos-learner-{number}.log"))]
    return words
