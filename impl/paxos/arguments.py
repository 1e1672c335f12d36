"""The types of option values, for argparse: it says their names of what is none."""


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
