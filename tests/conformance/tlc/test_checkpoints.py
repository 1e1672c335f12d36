"""A long search that is interrupted goes on from its checkpoint, unless anything has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.modelcheck import progress
from conformance.modelcheck.manifest import Model
from conformance.modelcheck.run import Overrides, Row, run_model
from conformance.modelcheck.scheduler import abreast, cores
from conformance.tlc import errors
from conformance.tlc.checkpoints import Checkpoints, kept, key
from conformance.tlc.output import Progress

pytestmark = pytest.mark.timeout(400)  # TLC on a loaded machine

# A grid that is searched along its diagonals. The symmetry of the model values a and b, and that
# states are met again, are what a wrong hash function after an interruption would show up in.
MODULE = """---- MODULE Grid ----
EXTENDS Naturals, TLC
CONSTANTS Who, Size
VARIABLE at
Init == at = [w \\in Who |-> 0]
Next == \\E w \\in Who : at[w] < Size /\\ at' = [at EXCEPT ![w] = @ + 1]
Symmetry == Permutations(Who)
Halfway == TLCGet("distinct") > 10000 /\\ TLCGet("duration") < 5
Slow == Halfway => \\A k \\in 1..20000 : at # [w \\in Who |-> k + Size]
====
"""
SIZE = 60
STATES = 39711  # multisets of three numbers from 0 to 60
# TLC looks whether a checkpoint is due after three seconds: on a machine of any speed, Slow has it
# wait in the middle of the search until they are over.


@pytest.fixture
def model(tmp_path: Path) -> Model:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "Grid.tla").write_text(MODULE, encoding="utf-8")
    constants = f"CONSTANTS Who = {{a, b, c}} Size = {SIZE}"
    (folder / "grid.cfg").write_text(
        f"INIT Init\nNEXT Next\n{constants}\nSYMMETRY Symmetry\nINVARIANT Slow\n", encoding="utf-8"
    )
    return Model(
        name="grid",
        module="Grid.tla",
        config="grid.cfg",
        size="large",
        expect="ok",
        states=STATES,
        depth=3 * SIZE + 1,
    )


def search(model: Model, tmp_path: Path, *, interrupt: bool = False) -> Row:
    """Runs the model, with a checkpoint whenever TLC looks; interrupted, when there is one."""
    kept, stop = tmp_path / "kept", threading.Event()
    overrides = Overrides(timeout=100, heap_mb=512, checkpoints=kept, checkpoint_s=0.001)

    def watch() -> None:
        while not stop.wait(0.02):
            if any(kept.glob("*/meta/*/queue.chkpt")):
                stop.set()

    watcher = threading.Thread(target=watch)
    if interrupt:
        watcher.start()
    row = run_model(model, tmp_path / "models", overrides, stop=stop)
    stop.set()
    if interrupt:
        watcher.join()
    return row


@pytest.mark.tlc
def test_a_search_goes_on_where_it_was_interrupted(model: Model, tmp_path: Path) -> None:
    stopped = search(model, tmp_path, interrupt=True)
    assert (stopped.result, stopped.error) == (None, "stopped")
    kept = [path.parent for path in (tmp_path / "kept").glob("*/meta/*/queue.chkpt")]
    assert len(kept) == 1
    row = search(model, tmp_path)
    assert row.resumed
    assert row.result is not None
    assert row.differences == [], "the same states as without an interruption"
    assert list((tmp_path / "kept").iterdir()) == [], "nothing is kept when it is done"


@pytest.mark.tlc
def test_what_was_changed_is_searched_from_the_start(model: Model, tmp_path: Path) -> None:
    search(model, tmp_path, interrupt=True)
    config = tmp_path / "models" / "grid.cfg"
    config.write_text(config.read_text("utf-8").replace("= 60", "= 10"), encoding="utf-8")
    assert kept(tmp_path / "kept", config)
    row = search(model, tmp_path)
    assert not row.resumed
    assert row.result is not None
    assert row.result.distinct == 286
    assert list((tmp_path / "kept").iterdir()) == [], "what nobody can go on from is not kept"


@pytest.mark.tlc
def test_a_checkpoint_that_cannot_be_read_is_dropped(model: Model, tmp_path: Path) -> None:
    search(model, tmp_path, interrupt=True)
    [queue] = (tmp_path / "kept").glob("*/meta/*/queue.chkpt")
    queue.write_bytes(queue.read_bytes()[:50])
    row = search(model, tmp_path)
    assert row.result is not None, row.error
    assert row.differences == []


def test_the_key_is_of_all_that_matters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "spec" / "models"
    folder.mkdir(parents=True)
    module, config, above = folder / "M.tla", folder / "m.cfg", tmp_path / "spec" / "A.tla"
    for path in (module, config, above):
        path.write_text("one", encoding="utf-8")
    seen = {key(module, config)}
    assert key(module, config) in seen
    for path in (module, config, above):
        path.write_text("two", encoding="utf-8")
        assert key(module, config) not in seen
        seen.add(key(module, config))
    assert key(module, config, "2") not in seen
    jar = tmp_path / "newer.jar"
    jar.write_bytes(b"jar")
    monkeypatch.setenv("TLA2TOOLS_JAR", str(jar))
    assert key(module, config) not in seen


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("M.tla", "m.cfg"):
        (folder / name).write_text("", encoding="utf-8")
    places = tmp_path / "kept", folder / "M.tla", folder / "m.cfg"
    with (
        Checkpoints(*places),
        pytest.raises(errors.TlcError, match="another process"),
        Checkpoints(*places),
    ):
        pass
    with Checkpoints(*places):
        pass


# ---- several at a time


def at_once(heaps: dict[str, int], **limits: int) -> tuple[list[str], int]:
    """The order in which runs with these heaps start, and the most memory in use at a time."""
    order: list[str] = []
    used = most = 0
    lock = threading.Lock()

    def run(name: str, on_progress: object, stop: threading.Event) -> str:
        nonlocal used, most
        with lock:
            order.append(name)
            used += heaps[name]
            most = max(most, used)
        time.sleep(0.05)
        with lock:
            used -= heaps[name]
        return name

    outcomes = abreast(heaps, run, lambda name: (name, None), **limits)
    assert set(outcomes) == set(heaps)
    return order, most


def test_what_runs_at_a_time_fits_in_memory() -> None:
    heaps = {"large": 800, "larger": 900, "small": 100, "tiny": 50}
    order, most = at_once(heaps, jobs=4, memory_mb=1200)
    assert most <= 1000
    assert order[:3] == ["large", "small", "tiny"], "small ones do not wait for a large one"
    # What does not fit at all runs alone.
    assert at_once({"huge": 5000, "tiny": 50}, jobs=4, memory_mb=1200) == (["huge", "tiny"], 5000)


def test_no_more_at_a_time_than_cores() -> None:
    heaps = {f"m{k}": 1 for k in range(6)}
    assert at_once(heaps, jobs=2, memory_mb=1000)[1] == 2
    assert cores() >= 1


def test_a_stop_reaches_every_run() -> None:
    stopped: list[str] = []
    started: Sequence[threading.Event] = [threading.Event(), threading.Event()]

    def run(name: str, on_progress: object, stop: threading.Event) -> str:
        started[int(name)].set()
        if name == "1":
            started[0].wait(10)
            raise KeyboardInterrupt
        assert stop.wait(10)
        stopped.append(name)
        return name

    with pytest.raises(KeyboardInterrupt):
        abreast({"0": 1, "1": 1}, run, lambda name: (name, None), jobs=2, memory_mb=100)
    assert stopped == ["0"]


def test_progress_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "QUIET_S", 0)
    told = threading.Event()

    def run(name: str, on_progress: object, stop: threading.Event) -> str:
        on_progress(Progress(3, 2000, 1000, 77))  # type: ignore[operator]
        told.wait(0.8)
        return name

    abreast({"grid": 1}, run, lambda name: ("ok", 1.5), jobs=1, memory_mb=100)
    shown = capsys.readouterr().err
    assert "grid: 0 s, 1,000 states" in shown or "grid: 1 s, 1,000 states" in shown
    assert "queue 77" in shown
    assert "/s" in shown
    assert "1/1 grid: ok, 1.5 s" in shown
