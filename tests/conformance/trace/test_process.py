"""A process's name is decoded in one place, and is what it was when it is written again."""

from __future__ import annotations

import pytest

from conformance.trace.process import Process, decode, id_of


@pytest.mark.parametrize("name", ["acceptor-1.1", "learner-12.345", f"client-1.{2**62}"])
def test_a_name_is_read_and_written(name: str) -> None:
    assert str(decode(name)) == name


def test_what_the_rules_call_a_process() -> None:
    assert decode("acceptor-2.3") == Process("acceptor", 2, 3)
    assert decode("acceptor-2.3").actor == decode("acceptor-2.4").actor == 2
    assert decode("learner-2.3").actor == decode("learner-2.3").member == "2.3"
    assert id_of("12.3") == 12


@pytest.mark.parametrize(
    "name",
    ["", "acceptor", "acceptor-1", "acceptor-0.1", "voter-1.1", "client-1.1\n", "client-1.1.1"],
)
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not a process name such as acceptor"):
        decode(name)
