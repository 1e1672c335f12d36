"""TLC's checkpoints of long searches: kept when a search is interrupted, gone on from when it is
started again, removed when it is done.

The folder's name is a hash of all that the search depends on: every module, the configuration,
TLC's jar, and the options that must not change. So what was changed is searched from the start.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

from conformance.tlc import errors, runner, toolchain

EVERY_S = 300.0
"""TLC looks once a minute whether it is time for the next one."""

OPTIONS = ("-fp", "0")
"""TLC picks its hash function at random for each run, and does not note which: states found before
an interruption would be counted again after it."""


class Run(Protocol):
    """A run of TLC with these options besides its own, and these of Java, in a kept folder."""

    def __call__(
        self, options: Sequence[str] = ..., java: Sequence[str] = ..., keep: Path | None = ...
    ) -> runner.Result: ...


class Checkpoints:
    """The folder of one search, below one for all. As a context manager it is this process's own;
    another that wants the same search meanwhile gets a TlcError."""

    def __init__(
        self, root: Path, module: Path, config: Path, *others: str, every_s: float = EVERY_S
    ) -> None:
        self._root, self._name = root, config.stem
        self.folder = root / f"{config.stem}-{key(module, config, *others)}"
        self._every_s = every_s
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Checkpoints:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._lock.close()
            raise errors.TlcError(
                f"another process runs this model ({self.folder}); wait for it"
            ) from error
        for other in _folders(self._root, self._name):  # of what has been changed since
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._lock is not None
        if self.last() is None:  # nothing to go on from
            shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()

    def last(self) -> Path | None:
        """TLC's folder of the last complete checkpoint; None if there is none."""
        return max((path.parent for path in self.folder.glob("meta/*/queue.chkpt")), default=None)

    def search(self, run: Run) -> runner.Result:
        """Go on from the last checkpoint, or start; once there is a verdict, nothing is kept.

        A checkpoint that TLC cannot read (its writing was interrupted) is dropped. Raises TlcError.
        """
        # TLC's own option for how often takes whole minutes only.
        java = (f"-Dtlc2.TLCGlobals.chkpt={max(1, round(self._every_s * 1000))}",)
        found = self.last()
        if found is not None:
            try:
                result = run((*OPTIONS, "-recover", str(found.resolve())), java, self.folder)
                self._clear()
                return result
            except (errors.TlcStopped, errors.TlcTimeout):
                raise
            except errors.TlcError:
                self._clear()
        else:
            self._clear()  # of an earlier run that came to no checkpoint
        result = run(OPTIONS, java, self.folder)
        self._clear()
        return result

    def _clear(self) -> None:
        shutil.rmtree(self.folder / "meta", ignore_errors=True)


def _folders(root: Path, name: str) -> list[Path]:
    """Those of one configuration, whatever it was like."""
    return [*root.glob(f"{name}-{'[0-9a-f]' * 16}")]


def kept(root: Path, config: Path) -> bool:
    """Whether there is a checkpoint of a configuration."""
    return any(any(folder.glob("meta/*/queue.chkpt")) for folder in _folders(root, config.stem))


def key(module: Path, config: Path, *others: str) -> str:
    """A hash of what a search depends on."""
    digest = hashlib.sha256()
    # Every module that it may use: those beside it and those in the folder above.
    files = [*module.parent.glob("*.tla"), *module.parent.parent.glob("*.tla")]
    for path in [*sorted(files), config, toolchain.find_jar()]:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    digest.update("\0".join([module.name, *OPTIONS, *others]).encode())
    return digest.hexdigest()[:16]
