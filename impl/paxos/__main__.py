"""`python -m paxos` is the `paxos` command."""

import sys

try:
    import msgspec  # noqa: F401 - asked for first: the one package that everything here needs
except ModuleNotFoundError:
    sys.stderr.write(
        f"error: {sys.executable} has no package msgspec; run `make setup` at the top of the "
        "project, or install msgspec and pyyaml\n"
    )
    sys.exit(2)

from paxos.cli import main

sys.exit(main())
