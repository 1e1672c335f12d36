"""The key file: what it must be, and that nothing of it is written anywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.config import Config
from paxos.errors import InputError
from paxos.runtime.keys import MAX_BYTES, MIN_BYTES, exposure, read_key


def key_file(folder: Path, content: bytes = b"0123456789abcdef", mode: int = 0o600) -> str:
    path = folder / "cluster.key"
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def test_no_file_no_key() -> None:
    assert read_key(None) is None


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_the_key_is_made_of_all_the_file_holds(tmp_path: Path, mode: int) -> None:
    keys = set()
    for content in (bytes(MIN_BYTES), bytes(MAX_BYTES), b"x" * 100 + b"1", b"x" * 100 + b"2"):
        keys.add(read_key(key_file(tmp_path, content, mode)))
        (tmp_path / "cluster.key").unlink()
    assert len(keys) == 4
    assert all(key is not None and len(key) == 32 for key in keys)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o666])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = key_file(tmp_path, mode=mode)
    with pytest.raises(InputError, match=rf"mode {mode:04o}\); run `chmod 600 {path}`"):
        read_key(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not 0 bytes"),
        (bytes(MIN_BYTES - 1), "expected 16 to 4096 bytes, not 15 bytes"),
        (bytes(MAX_BYTES + 1), "not more"),
    ],
)
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_key(key_file(tmp_path, content))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("pipe", "."):
        with pytest.raises(InputError, match=r"expected a regular file|Is a directory"):
            read_key(str(tmp_path / name))
    with pytest.raises(InputError, match="No such file or directory; make one with `head -c 32"):
        read_key(str(tmp_path / "missing"))
    with pytest.raises(InputError, match="expected a regular file"):
        read_key("/dev/zero")


@pytest.mark.parametrize(
    ("interface", "warned"),
    [("127.0.0.1", False), ("lo", False), ("eth0", True), ("192.168.1.5", True)],
)
def test_who_has_no_key_on_a_network_is_warned(interface: str, warned: bool) -> None:
    assert bool(exposure(None, interface)) == warned
    assert exposure(b"key", interface) is None


def test_the_name_of_the_file_is_meant_from_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text("key_file: secret/cluster.key\n", encoding="utf-8")
    assert configuration.load(path).key_file == str(tmp_path / "secret/cluster.key")
    dumped = tmp_path / "run" / "config.yaml"
    dumped.parent.mkdir()
    dumped.write_text(configuration.dump(configuration.load(path)), encoding="utf-8")
    assert configuration.load(dumped).key_file == str(tmp_path / "secret/cluster.key")
    path.write_text("key_file: /etc/cluster.key\n", encoding="utf-8")
    assert configuration.load(path) == Config(key_file="/etc/cluster.key")
