"""Where the harnesses of courses begin: `python3 src/main.py -r ROLE -p ID [-b N] [-d]`, in the
project's root, and the scripts beside `src`, as in `./acceptor.sh ID CONFIG`.

What the arguments mean is in `paxos.course`. Here is only found a Python that has what is needed,
because nobody activates an environment; so whatever is called `python3` must be able to read this.
"""

import os
import sys
from typing import Iterator

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))

MADE_WITH = os.path.join(ROOT, ".paxos-python")
"""Where `make harness` has written the folder of the Python that it was made with."""

TRIED = "PAXOS_TRIED"
"""The environment variable with the folders whose Python is not enough."""


def is_enough() -> bool:
    """Whether this Python can run it."""
    try:
        import msgspec  # noqa: F401
    except ImportError:
        return False
    return sys.version_info >= (3, 11)


def others() -> Iterator[str]:
    """The folders in which a better Python may be."""
    for folder in (ROOT, os.path.dirname(ROOT)):
        yield os.path.join(folder, ".venv", "bin")
    if os.path.exists(MADE_WITH):
        with open(MADE_WITH) as file:
            yield file.read().strip()


def look_further() -> None:
    """Go on with another Python, as if its environment were active; return if there is none.
    Harnesses kill by command line, so that stays as it is; Python finds its environment by PATH."""
    tried = os.environ.get(TRIED, "").split(os.pathsep)
    for folder in others():
        python = os.path.join(folder, "python3")
        if folder in tried or not os.access(python, os.X_OK):
            continue
        os.environ[TRIED] = os.pathsep.join([*tried, folder])
        os.environ["PATH"] = folder + os.pathsep + os.environ.get("PATH", os.defpath)
        os.execv(python, ["python3", *sys.argv])


def what_is_missing() -> str:
    """A line, with the command that helps."""
    above = os.path.dirname(ROOT)
    venv = os.path.join(ROOT, ".venv")
    python = "python3" if sys.version_info >= (3, 11) else "python3.11"
    command = f"{python} -m venv {venv} && {venv}/bin/pip install msgspec pyyaml"
    if os.path.exists(os.path.join(above, "requirements.lock")):
        command = f"make -C {above} setup"
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"error: expected Python 3.11 or later with the package msgspec, and {sys.executable} is "
        f"{version}{'' if sys.version_info < (3, 11) else ' without it'}; run `{command}`\n"
    )


def main() -> int:
    """Run one process; the exit status."""
    if not is_enough():
        look_further()
        sys.stderr.write(what_is_missing())
        return 2
    os.environ.pop(TRIED, None)
    sys.path[0] = ROOT
    from paxos.course import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
