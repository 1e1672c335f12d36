"""Where the repository's files are: in a checkout beside this package, otherwise inside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent

_IS_CHECKOUT = (_CHECKOUT / "spec" / "MultiPaxos.tla").is_file()

SPEC = (_CHECKOUT if _IS_CHECKOUT else _PACKAGE / "data") / "spec"
"""The modules of the specification."""

MODELS = SPEC / "models"
"""What TLC checks of them: modules, configurations, and the manifest."""

MANIFEST = MODELS / "manifest.yaml"

SCHEMA = (_CHECKOUT if _IS_CHECKOUT else _PACKAGE / "data") / "traces" / "schema.json"
"""The JSON schema of a trace's lines."""

HOME = _CHECKOUT if _IS_CHECKOUT else Path()
"""What commands write goes below it: the checkout, or the current folder."""
