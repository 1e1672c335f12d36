"""Where the files are that this package reads and that are no Python.

In a checkout they stand at the top level, where people look for them. In an installed package they
are in the folder `data` beside this file, where setup.py has put them. They are only read: who
uses an installed package may not be allowed to write there.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["HOME", "MANIFEST", "MODELS", "SCHEMA", "SPEC", "TRACES"]

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "data"

HOME = _INSTALLED if _INSTALLED.is_dir() else _HERE.parent
"""The folder that has `spec` and `traces`: the checkout, or the package's data."""

SPEC = HOME / "spec"
"""The modules of the specification."""

MODELS = SPEC / "models"
"""What TLC checks of them: modules, configurations, and the manifest."""

MANIFEST = MODELS / "manifest.yaml"
"""The models, and the verdict that is expected of each."""

TRACES = HOME / "traces"
"""What a trace is; samples, in `good` and `bad`; tracers to copy, in `tracers`; faults, in
`schedules`."""

SCHEMA = TRACES / "schema.json"
"""What a line of a trace is, as JSON Schema."""
