"""`python -m paxos`, and the `paxos` command: whatever goes wrong while the program is loaded ends
in a line, as it does later (`paxos.cli`)."""

import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run the command with `words` (default: the process's own); the exit status."""
    from paxos.errors import INTERRUPTED, shortage

    try:
        import msgspec  # noqa: F401 - asked for first: the one package that everything here needs

        from paxos import cli
    except ModuleNotFoundError as error:
        if error.name != "msgspec":
            raise
        sys.stderr.write(
            f"error: {sys.executable} has no package msgspec; run `make setup` in a checkout, "
            "or `pip install msgspec pyyaml`\n"
        )
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except (MemoryError, ImportError, OSError) as error:
        if not (short := shortage(error)):
            raise
        sys.stderr.write(f"error: {short}\n")
        return 2
    return cli.main(words)


if __name__ == "__main__":
    sys.exit(main())
