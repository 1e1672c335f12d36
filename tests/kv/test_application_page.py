"""docs/application.md builds examples/kv: the code that it shows is that of the files it names, and
its commands print what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from paxos import config as configuration
from paxos.config import Config
from tests.cluster.processes import ENVIRONMENT, PATIENCE_S, Cluster, wait_for
from tests.kv.test_client import KV, nobody
from tests.paths import ROOT

_, _, SECTION = (
    (ROOT / "docs" / "application.md")
    .read_text(encoding="utf-8")
    .partition("## A store, step by step\n")
)
SECTION = SECTION.partition("\n## ")[0]

SHOWN = re.findall(r"\(`(examples/kv/\w+\.py)`\):\n\n```python\n(.*?)```", SECTION, re.DOTALL)


def bare(code: str) -> str:
    """Without what a formatter may change, as code on a page is less indented."""
    return re.sub(r"\s+", "", code).replace(",)", ")")


def test_all_code_is_from_a_file_that_is_named() -> None:
    assert len(SHOWN) == SECTION.count("```python") > 5


@pytest.mark.parametrize(("name", "code"), SHOWN)
def test_the_code_is_that_of_the_file(name: str, code: str) -> None:
    assert bare(code) in bare((ROOT / name).read_text(encoding="utf-8")), code


def test_the_files_that_are_named_are_there() -> None:
    for name in re.findall(r"`((?:examples|tests)/[\w/.]+)`", SECTION):
        assert (ROOT / name).exists(), name


class Stores(Cluster):
    """Three replicas, at addresses of their own."""

    def __init__(self, folder: Path) -> None:
        (shown,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
        (folder / "shown.yaml").write_text(shown, encoding="utf-8")
        said = configuration.load(folder / "shown.yaml")
        super().__init__(folder, clients=None, **{
            name: getattr(said, name)
            for name in ("acceptors", "proposers", "learners", "checkpoints")
        })  # fmt: skip
        assert said == Config(
            cluster="store", acceptors=3, proposers=3, learners=3, checkpoints=True
        )
        self.addresses = [nobody() for _ in range(3)]

    def begin(self) -> None:
        """As the page says, each in a folder of its own."""
        (words,) = re.findall(r"```\n(python examples/kv serve .*)\n```", SECTION)
        for number, address in enumerate(self.addresses, 1):
            own = words.replace("127.0.0.1:8001", address).replace(" 1 ", f" {number} ")
            own = own.replace("cluster.yaml", str(self.config))
            folder = self.run_dir / str(number)
            folder.mkdir()
            with self.log(f"kv-{number}").open("wb") as log:
                self.processes[f"kv-{number}"] = subprocess.Popen(
                    [*KV, *shlex.split(own)[2:]],
                    cwd=folder,
                    env=ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
        for number in range(1, 4):
            log_path = self.log(f"kv-{number}")
            wait_for(lambda path=log_path: b"listens on" in path.read_bytes(), "start of a replica")  # type: ignore[misc]


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    with Stores(tmp_path) as made:
        made.begin()
        yield made


@pytest.mark.multicast
def test_the_commands_print_what_the_page_says(stores: Stores) -> None:
    blocks = re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        for part in block.split("$ ")[1:]:
            typed, _, shown = part.partition("\n")
            for number, address in enumerate(stores.addresses, 1):
                typed = typed.replace(f"127.0.0.1:800{number}", address)
            words = shlex.split(typed)
            if words[:2] == ["python", "examples/kv"]:
                words = [*KV, *words[2:]]
            ended = subprocess.run(
                words,
                env={**ENVIRONMENT, "KV_REPLICAS": ",".join(stores.addresses)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
            assert (ended.stdout + ended.stderr).strip() == shown.strip(), typed
    assert sys.executable in KV
    stores.stop()
