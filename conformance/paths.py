"""Where the repository's files are."""

from __future__ import annotations

from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
"""The checkout."""

SPEC = HOME / "spec"
"""The modules of the specification."""

MODELS = SPEC / "models"
"""What TLC checks of them: modules, configurations, and the manifest."""

MANIFEST = MODELS / "manifest.yaml"
