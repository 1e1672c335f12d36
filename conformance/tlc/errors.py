"""Why TLC gave no verdict."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.tlc.output import State

__all__ = ["MissingTool", "SpecError", "TlcCrash", "TlcError", "TlcStopped", "TlcTimeout"]


class TlcError(Exception):
    """TLC gave no verdict; the text is one line that says what, where and what to do. printed is
    what the specification had printed by then, and trace the states that led there, if TLC says."""

    printed: Sequence[str] = ()
    trace: Sequence[State] = ()


class MissingTool(TlcError):
    """Java or TLC is not there, or is not what it should be."""


class SpecError(TlcError):
    """The specification or its configuration is wrong, or cannot be evaluated."""


class TlcTimeout(TlcError):
    """TLC was still searching when the time was up, and was stopped."""


class TlcCrash(TlcError):
    """Java ended without a verdict: out of memory, killed, or an error in TLC itself."""


class TlcStopped(TlcError):
    """The caller asked for the end of the run."""
