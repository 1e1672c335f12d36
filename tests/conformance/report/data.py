"""What is in the file of a page, as its script reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any


def data_of(file: Path) -> Any:
    """The page's data."""
    text = file.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert found is not None
    return json.loads(found[1])
