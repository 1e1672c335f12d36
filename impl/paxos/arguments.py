"""What the command line is made of: types of option values, for argparse, which says their names of
what is none; and options that only say something."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any


def seconds(text: str) -> float:
    """A time that somebody may want to wait."""
    value = float(text)
    if not 0 < value < 1e9:
        raise ValueError
    return value


def rate(text: str) -> float:
    """Values per second."""
    value = float(text)
    if not 0.001 <= value <= 1e9:
        raise ValueError
    return value


def whole_number(text: str) -> int:
    """From 1 on."""
    value = int(text)
    if value < 1:
        raise ValueError
    return value


seconds.__name__ = "number of seconds"
rate.__name__ = "number of values per second"
whole_number.__name__ = "whole number above 0"


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
