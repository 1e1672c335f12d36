"""What the command line is made of: types of option values, for argparse, which says their names of
what is none; and options that only say something."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from paxos.runtime.report import fail, tell


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


def address(text: str) -> tuple[str | None, int]:
    """`PORT`, or `ADDRESS:PORT`."""
    host, colon, port = text.rpartition(":")
    if not 1 <= int(port) <= 65_535 or (colon and not host):
        raise ValueError
    return host or None, int(port)


address.__name__ = "[ADDRESS:]PORT"
seconds.__name__ = "number of seconds"
rate.__name__ = "number of values per second"
whole_number.__name__ = "whole number above 0"


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        fail(f"{message} (`{self.prog} --help` tells more)")
        sys.exit(2)

    def _print_message(self, message: str, file: object = None) -> None:
        """What is asked for with --help."""
        tell(message.removesuffix("\n"))


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
