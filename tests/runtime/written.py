"""What is on a disk after a power cut: whatever was forced to it before, and nothing else.

A process's system calls, as strace shows them, are done again to a model of its data folder that
keeps apart what the process sees and what would be found after a power cut. A file's content is
durable when the file was synced, and its name when the folder was.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "open,openat,creat,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,fsync,"
    "fdatasync,sync_file_range,link,linkat,symlink,symlinkat,unlink,unlinkat,rename,renameat,"
    "renameat2,mkdir,mkdirat,rmdir"
)
"""All that changes files or makes them durable."""

_CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)")
_FD = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


Early = Callable[[str], bool]
"""Whether a file is written although it was not synced, as systems do when they have time."""


def nothing(name: str) -> bool:
    """No file is."""
    return False


@dataclass
class File:
    """A file's content, as the process sees it and as it is durable."""

    seen: bytearray = field(default_factory=bytearray)
    durable: bytes = b""


@dataclass
class Folder:
    """The files by name, as the process sees them and as it is durable."""

    seen: dict[str, File] = field(default_factory=dict)
    durable: dict[str, File] = field(default_factory=dict)


class Disk:
    """The data folder, and whether its own name is durable."""

    def __init__(self, path: Path, *, sqlite_syncs_folders: bool = True) -> None:
        """SQLite syncs the folder when it has made some of its files, unless it was built not to.
        It does so by another system call than Python."""
        self.path = path
        self._folder_syncs = ("fsync", "fdatasync") if sqlite_syncs_folders else ("fsync",)
        self.folder: Folder | None = None
        self.is_durable = False
        """Whether the folder that it is in was synced after it was made."""
        self.said: list[str] = []
        """What the process has written to standard output by now."""

    def replay(self, calls: str) -> Iterator[str]:
        """Do one call after another; yields each that may have changed something."""
        for line in calls.splitlines():
            found = _CALL.match(line)
            if found and int(found[3]) >= 0 and self._do(found[1], found[2], int(found[3])):
                yield line[:200]

    def _do(self, call: str, arguments: str, result: int) -> bool:
        texts = [codecs.escape_decode(t.encode())[0] for t in _TEXT.findall(arguments)]
        fd = _FD.match(arguments)
        if fd and call in ("write", "pwrite64", "pwritev2", "ftruncate", "fsync", "fdatasync"):
            return self._do_to_open(call, fd, arguments, texts)
        names = [Path(text.decode(errors="replace")) for text in texts]
        if not names or not all(self._concerns(name) for name in names):
            assert not any(self._concerns(name) for name in names), f"{call}({arguments})"
            return False
        match call:
            case "mkdir":
                self.folder = Folder()
            case "openat" if "O_DIRECTORY" in arguments or names[0] == self.path:
                return False
            case "openat":
                return self._open(names[0].name, arguments)
            case "link" | "linkat":
                self._seen[names[1].name] = self._seen[names[0].name]
            case "unlink" | "unlinkat":
                del self._seen[names[0].name]
            case "rename" | "renameat" | "renameat2":
                self._seen[names[1].name] = self._seen.pop(names[0].name)
            case _:
                raise AssertionError(f"{call}({arguments}) is not known here")
        return True

    @property
    def _seen(self) -> dict[str, File]:
        assert self.folder is not None, "files in a folder that was not made"
        return self.folder.seen

    def _concerns(self, path: Path) -> bool:
        return path == self.path or self.path in path.parents

    def _open(self, name: str, arguments: str) -> bool:
        made = name not in self._seen
        if made:
            assert "O_CREAT" in arguments
            self._seen[name] = File()
        elif "O_TRUNC" in arguments:
            self._seen[name].seen.clear()
        return made or "O_TRUNC" in arguments

    def _do_to_open(self, call: str, fd: re.Match[str], arguments: str, texts: list[bytes]) -> bool:
        path = Path(fd[2])
        if call == "write" and fd[1] == "1":
            self.said += texts[0].decode().split()
            return False
        if path == self.path.parent and call in self._folder_syncs:
            self.is_durable = self.folder is not None
            return True
        if path == self.path:
            if call not in self._folder_syncs:
                return False
            assert self.folder is not None
            self.folder.durable = dict(self.folder.seen)
            return True
        if not self._concerns(path):
            return False
        file = self._seen[path.name]
        match call:
            case "fsync" | "fdatasync":
                file.durable = bytes(file.seen)
            case "ftruncate":
                length = int(arguments.rsplit(", ", 1)[1])
                file.seen[:] = file.seen[:length].ljust(length, b"\0")
            case "pwrite64" | "pwritev2":  # the latter has flags, too, which come last
                after = arguments.rsplit(", ", 2)[1:]
                at, data = int(after[call == "pwrite64"]), b"".join(texts)
                file.seen[:] = file.seen.ljust(at, b"\0")
                file.seen[at : at + len(data)] = data
            case _:  # to a file that was opened just before
                file.seen += texts[0]
        return True

    def restore(self, where: Path, early: Early) -> None:
        """Make the folder as it is found after a power cut now, at `where`: what was not synced is
        gone, but for what was written `early`."""
        if self.folder is None:
            return
        seen, durable = self.folder.seen, self.folder.durable if self.is_durable else {}
        found = {name: file.durable for name, file in durable.items() if not early(name)}
        found |= {name: bytes(file.seen) for name, file in seen.items() if early(name)}
        if self.is_durable or found:
            where.mkdir()
        for name, content in found.items():
            (where / name).write_bytes(content)
