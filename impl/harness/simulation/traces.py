"""The traces of a simulated run as files, in the form in which `paxos run` leaves them."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import msgspec

from paxos.config import Config
from paxos.core.names import ProcessName
from paxos.errors import InputError, RunError, reason
from paxos.runtime.tracer import header, trace_path


class Traces:
    """Writes the trace of each incarnation of each process into one folder."""

    def __init__(self, folder: Path, config: Config, run: str) -> None:
        """Make the folder. Raises `InputError` if it cannot be made, or has traces already."""
        self._folder = folder
        self._config = config
        self._run = run
        self._files: dict[str, BinaryIO] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.glob("*.ndjson")):
                raise InputError(f"folder {folder}: has traces already; name a new one")
        except OSError as error:
            raise InputError(f"folder {folder}: {reason(error)}") from error

    def begin(self, process: ProcessName) -> None:
        """An incarnation begins: its file, with its header."""
        keeps = self._config.checkpoints and process.member.role == "learner"
        head = header(self._config, self._run, process, keeps=keeps)
        path = trace_path(self._folder, process)
        try:
            self._files[head.process] = path.open("wb")
        except OSError as error:
            raise RunError(f"trace {path}: {reason(error)}") from error
        self.write(head.process, msgspec.json.encode(head) + b"\n")

    def write(self, process: str, data: bytes) -> None:
        """Append to the trace of a process. Raises `RunError`."""
        try:
            self._files[process].write(data)
        except OSError as error:
            raise RunError(f"trace of {process}: {reason(error)}") from error

    def close(self) -> None:
        """All is written. Raises `RunError` if it cannot be."""
        try:
            for file in self._files.values():
                file.close()
        except OSError as error:
            raise RunError(f"folder {self._folder}: {reason(error)}") from error
