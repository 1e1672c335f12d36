"""`python -m conformance`, and the `conformance` command."""

import sys


def main() -> int:
    """Run the command; the exit status. Without the package that everything here needs, a line."""
    try:
        import msgspec  # noqa: F401
    except ModuleNotFoundError:
        sys.stderr.write(
            f"error: {sys.executable} has no package msgspec; run `make setup` in a checkout, "
            "or `pip install msgspec pyyaml`\n"
        )
        return 2
    try:
        from conformance.cli.main import main as command
    except KeyboardInterrupt:
        return 130
    return command()


if __name__ == "__main__":
    sys.exit(main())
