"""Arguments that are numbers, and options that only say something."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")
    return int(text)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """The options that name models of the manifest and say what each may take."""
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="this model; may be repeated"
    )
    parser.add_argument(
        "--timeout", type=positive, metavar="SECONDS", help="time limit of each model"
    )
    parser.add_argument("--heap", type=positive, metavar="MB", help="Java heap of each model")


class Say(argparse.Action):
    """An option, such as --version, that prints what the function `const` gives, and ends the
    command. It is asked only then: some answers take long to find."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **more)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        parser._print_message(f"{self.const()}\n", sys.stdout)
        parser.exit()


def version() -> str:
    """The version of the installed package, which it has from pyproject.toml."""
    from importlib import metadata

    try:
        return metadata.version("paxos")
    except metadata.PackageNotFoundError:
        return "unknown: the package is not installed"
