"""Fixtures for every test, and hypothesis profiles.

Tests never depend on the current folder: what they read is found from the repository's root.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from tests.paths import ROOT

# A shell starts what it runs in the background with SIGINT ignored, and children inherit that; but
# tests send it to the commands that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Two shared cores are slow at times: a deadline per example would only make tests flaky. A failure
# prints the blob that reproduces it.
settings.register_profile(
    "default", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
# For `make mutants`: the same examples each time, and a failure is enough, however large.
settings.register_profile(
    "mutants",
    settings.get_profile("default"),
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with tests that may take longer than others come first: so that at the end of a run
    there is none that keeps one worker busy while all others wait. Files stay whole, for what their
    tests share."""
    usual_s = float(config.getini("timeout") or 0)
    marked = ((item.path, item.get_closest_marker("timeout")) for item in items)
    long = {path for path, mark in marked if mark and mark.args[0] >= usual_s}
    items.sort(key=lambda item: item.path not in long)


class TookTooLong(BaseException):
    """A test did not end. Not an `Exception`, nor the failure that pytest-timeout raises:
    those hypothesis takes for a failing example, and goes on to a smaller one, which hangs too."""


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> bool:
    """The limit on a test's time, in place of pytest-timeout's own."""

    def stop(*_: object) -> None:
        raise TookTooLong(f"{item.nodeid} took more than {settings.timeout:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, settings.timeout)
    return True


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_timeout_cancel_timer(item: pytest.Item) -> bool:
    """The test has ended."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    return True


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's root."""
    return ROOT
