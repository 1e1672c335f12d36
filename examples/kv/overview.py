"""Who leads, and where every process of the cluster is: what `paxos status` says."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

AGAIN_S = 2.0
"""For so long an answer is shown again, however many ask."""


class Overview:
    """Of the cluster of a configuration."""

    def __init__(self, config: Path) -> None:
        self._command = ["-m", "paxos", "status", "--config", str(config), "--format", "json"]
        self._lock = asyncio.Lock()
        self._at_s = -AGAIN_S
        self._told: dict[str, Any] = {}

    async def ask(self) -> dict[str, Any]:
        """The object that the command prints."""
        async with self._lock:
            if time.monotonic() - self._at_s > AGAIN_S:
                asked = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *self._command,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                )
                said, _ = await asked.communicate()
                self._told = json.loads(said or b"{}")
                self._at_s = time.monotonic()
            return self._told
