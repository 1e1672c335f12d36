"""Atomic broadcast from Multi-Paxos: a pure core, the runtime that puts it on a network, and both
as a library.

    with paxos.Client("cluster.yaml", 1) as client:
        print(client.broadcast_and_wait(b"hello", timeout_s=5.0).position)

    with paxos.Learner("cluster.yaml", 1) as learner:
        for delivery in learner:
            print(delivery.position, delivery.value)

Public are the names here; the command `paxos` with its options and exit status; the forms of
configurations; and the names in `__all__` of the modules that have one: the roles, messages and
steps of `paxos.core`, `paxos.config` and `paxos.errors`. All else may change with any version.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paxos.api.broadcasting import Client
    from paxos.api.listening import Learner, Replica
    from paxos.api.place import DeliveredValue, Place
    from paxos.api.reading import StaleRead
    from paxos.api.state_machine import StateMachine
    from paxos.config import Config
    from paxos.core.client import ValueTooLargeError
    from paxos.errors import (
        ApplicationError,
        ClosedError,
        DiscardedError,
        ForkedError,
        Full,
        InputError,
        NotKnownError,
        PlaceForgottenError,
        ReadTimeoutError,
        ResultForgottenError,
        RunError,
    )

__all__ = [
    "ApplicationError",
    "Client",
    "ClosedError",
    "Config",
    "DeliveredValue",
    "DiscardedError",
    "ForkedError",
    "Full",
    "InputError",
    "Learner",
    "NotKnownError",
    "Place",
    "PlaceForgottenError",
    "ReadTimeoutError",
    "Replica",
    "ResultForgottenError",
    "RunError",
    "StaleRead",
    "StateMachine",
    "ValueTooLargeError",
]

_HOMES = {
    "Client": "paxos.api.broadcasting",
    "Config": "paxos.config",
    "DeliveredValue": "paxos.api.place",
    "Learner": "paxos.api.listening",
    "Place": "paxos.api.place",
    "Replica": "paxos.api.listening",
    "StaleRead": "paxos.api.reading",
    "StateMachine": "paxos.api.state_machine",
    "ValueTooLargeError": "paxos.core.client",
}
"""Where the names are, if not in `paxos.errors`. They are loaded when they are asked for: the
command needs few of them, and is to be told in a line where a package is missing."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'paxos' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "paxos.errors")), name)
