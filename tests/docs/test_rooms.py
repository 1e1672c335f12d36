"""The picture of the rooms in ARCHITECTURE.md has the imports that there are."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.rooms import FILE, PLACES, arrows, draw, known
from tests.docs.test_sequences import shape
from tests.paths import ROOT
from tests.test_layout import ROOMS


def who_knows_whom(path: Path) -> list[str]:
    """The arrows of a picture."""
    return re.findall(r'<g id="([\w.]+ knows [\w.]+)"', path.read_text(encoding="utf-8"))


def test_the_picture_is_the_one_that_is_kept(tmp_path: Path) -> None:
    drawn = tmp_path / "rooms.svg"
    draw(drawn)
    words, _ = shape(drawn)
    assert len(words) > 20 and len(who_knows_whom(drawn)) == len(arrows())
    assert who_knows_whom(FILE) == who_knows_whom(drawn), "python -m tests.docs.rooms"
    assert shape(FILE) == shape(drawn), "python -m tests.docs.rooms"
    assert "(docs/rooms.svg)" in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_every_room_has_its_place() -> None:
    rooms = {f"conformance.{room}" for room in (*ROOMS, "cli")}
    assert rooms == {room for room in PLACES if room.startswith("conformance")}


def test_what_is_not_drawn_follows_from_what_is() -> None:
    drawn: dict[str, set[str]] = {room: set() for room in PLACES}
    for start, end in arrows():
        drawn[start].add(end)
    for room, others in known().items():
        found: set[str] = set()
        waiting = [room]
        while waiting:
            for end in drawn[waiting.pop()] - found:
                found.add(end)
                waiting.append(end)
        assert others - {"paxos"} <= found, room
