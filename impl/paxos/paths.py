"""Where the files are that this package reads and that are no Python. They are only read."""

from pathlib import Path

SAMPLES = Path(__file__).resolve().parent / "samples"
"""Values to broadcast, a file a client, and configurations to begin with."""
