"""`make harness DIR=...`: a project folder as the harnesses of courses expect it, with a copy of
the implementation in it.

It knows the Python that it was made with, and may be copied and moved on the same machine.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from paxos.core.names import ROLES
from paxos.errors import InputError, reason
from paxos.runtime.report import fail, tell

IMPL = Path(__file__).resolve().parents[1]

MADE_WITH = ".paxos-python"
"""In the folder, what `src/main.py` reads: where Python is. Also the sign that a folder is ours."""

SCRIPTS = [f"{role}.sh" for role in ROLES]
PARTS = [*SCRIPTS, "src/main.py", "paxos.conf", "paxos"]
"""What is copied."""


def make(folder: Path) -> None:
    """Make the folder, or add to it what is missing; what was made before is made again. Raises
    `InputError`, and changes nothing, if it has files of these names that are not from here."""
    there = [part for part in PARTS if (folder / part).exists() or (folder / part).is_symlink()]
    if there and not (folder / MADE_WITH).is_file():
        raise InputError(
            f"{folder} has {', '.join(there)} already, not from here; move that away, or name "
            "another folder"
        )
    if not (IMPL / "src" / "main.py").is_file():
        raise InputError("an installed package has no scripts; run `make harness` in a checkout")
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / MADE_WITH).write_text(f"{Path(sys.executable).parent}\n", encoding="utf-8")
    shutil.rmtree(folder / "paxos", ignore_errors=True)
    for part in PARTS:
        if (IMPL / part).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(IMPL / part, folder / part, ignore=ignored)
        else:
            shutil.copyfile(IMPL / part, folder / part)
    for script in SCRIPTS:
        (folder / script).chmod(0o755)


def main(given: Sequence[str]) -> int:
    """Make the folder that is named; the exit status."""
    if len(given) != 1 or not given[0]:
        fail("name the folder, as in: make harness DIR=../project")
        return 2
    try:
        make(Path(given[0]))
    except InputError as error:
        fail(str(error))
        return 2
    except OSError as error:
        fail(f"{error.filename or given[0]}: {reason(error)}")
        return 2
    tell(f'{given[0]} is a project folder; README, "Run a course\'s harness", says how to use it')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
