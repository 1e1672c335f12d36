"""A tar archive of a run folder, unpacked as if whoever packed it wished us ill.

Nothing is written but regular files that are named like traces, each by us, below a folder of our
own; no attribute of a member is taken over. An archive that has anything else than files and
folders, or a name that leads out of it, is refused as a whole.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from conformance.inputs.stream import MAX_UNPACKED_BYTES, Unpacked
from conformance.trace.reader import LIKE_A_TRACE, TraceError

MAX_MEMBERS = 20_000
MAX_HEADER_BYTES = 4 << 20  # between two members: headers are held in memory
MAX_DEPTH = 32  # folders in folders
REFUSED = "give the run as a folder, or pack it again"


@dataclass(frozen=True)
class Archive:
    """An archive that was unpacked: `folder` has the traces, which were at `prefix` in it."""

    folder: Path
    prefix: PurePosixPath

    def member(self, name: str) -> str:
        return (self.prefix / name).as_posix()

    def words(self, text: str, shown: str) -> str:
        inside = "" if self.prefix == PurePosixPath() else f"{self.prefix.as_posix()}/"
        return text.replace(f"{self.folder}/", f"{shown}:{inside}").replace(str(self.folder), shown)

    @classmethod
    def unpack(cls, stream: Unpacked, name: str, into: Path) -> Archive:
        """Unpack the traces of the run. Raises TraceError if that is not safe."""
        members = 0
        try:
            stream.allow(MAX_HEADER_BYTES)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                while (member := tar.next()) is not None:
                    members += 1
                    if members > MAX_MEMBERS:
                        raise _refused(name, f"has more than {MAX_MEMBERS} members")
                    _unpack(tar, member, stream, name, into)
                    stream.allow(max(member.size, 0) + MAX_HEADER_BYTES)
        except (tarfile.TarError, ValueError) as error:
            what = " ".join(str(error).split())
            raise _refused(name, f"is no whole tar archive ({what})") from None
        return cls(*_descend(name, into))


def _unpack(
    tar: tarfile.TarFile, member: tarfile.TarInfo, stream: Unpacked, name: str, into: Path
) -> None:
    """Write the member, if it is named like a trace."""
    path = _safe(member, name)
    if member.isdir() or not LIKE_A_TRACE.match(path.name):
        return
    target = into.joinpath(*path.parts)
    content = tar.extractfile(member)
    assert content is not None  # a regular file has one
    stream.allow(MAX_UNPACKED_BYTES)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise _refused(name, f"has {path} twice") from None
    with os.fdopen(descriptor, "wb") as f:
        shutil.copyfileobj(content, f, 1 << 20)


def _safe(member: tarfile.TarInfo, name: str) -> PurePosixPath:
    """The member's path, which leads nowhere but into the archive."""
    path = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise _refused(name, f"has {path}, which is neither a file nor a folder")
    if path.is_absolute() or ".." in path.parts or "\0" in member.name:
        raise _refused(name, f"has {path}, which leads out of it")
    if len(path.parts) > MAX_DEPTH:
        raise _refused(name, f"has folders that are more than {MAX_DEPTH} deep")
    return path


def _descend(name: str, folder: Path) -> tuple[Path, PurePosixPath]:
    """The folder that has the traces: the only one, however deep it is."""
    prefix = PurePosixPath()
    while True:
        entries = sorted(folder.iterdir())
        folders = [entry for entry in entries if entry.is_dir()]
        if len(folders) != len(entries) or not folders:
            return folder, prefix
        if len(folders) > 1:
            raise _refused(name, f"has runs in {folders[0].name} and in {folders[1].name}")
        folder, prefix = folders[0], prefix / folders[0].name


def _refused(name: str, what: str) -> TraceError:
    return TraceError(f"{name}: {what}; {REFUSED}")
