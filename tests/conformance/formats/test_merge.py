"""The documents of several machines become one, and what is missing is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.formats.judgement import Judgement, Shard, Tool, document
from conformance.formats.verdict_json import DocumentError, merge, write

TOOL = Tool("conformance", "1")


def run(name: str, status: int = 0) -> Judgement:
    verdict = ("conforms", "violation", "unknown")[status]
    return Judgement(
        run=name,
        verdict=verdict,  # type: ignore[arg-type]
        judged_by=["core"],
        exit_status=status,
        line=f"{name}: {verdict}; judged by the core",
    )


def kept(folder: Path, name: str, runs: list[Judgement], shard: Shard | None = None) -> Path:
    path = folder / name
    path.write_text(write(document(runs, TOOL, shard)))
    return path


def test_shards_become_one_document_in_the_order_of_the_runs(tmp_path: Path) -> None:
    second = kept(tmp_path, "2.json", [run("b", 1), run("d")], Shard(2, 2))
    first = kept(tmp_path, "1.json", [run("a"), run("c", 2)], Shard(1, 2))
    merged = merge([second, first], TOOL)
    assert [r.run for r in merged.runs] == ["a", "b", "c", "d"]
    assert merged.exit_status == 1
    assert merged.counts == {"runs": 4, "conforms": 2, "violation": 1, "unknown": 1, "error": 0}
    assert merged.shard is None


def test_an_empty_shard_is_no_matter(tmp_path: Path) -> None:
    first = kept(tmp_path, "1.json", [run("a")], Shard(1, 2))
    second = kept(tmp_path, "2.json", [], Shard(2, 2))
    assert merge([first, second], TOOL).counts["runs"] == 1


def _documents(folder: Path) -> dict[str, list[Path]]:
    a, b = Shard(1, 3), Shard(2, 3)
    return {
        "no file has shard 3/3": [
            kept(folder, "a", [run("a")], a),
            kept(folder, "b", [run("b")], b),
        ],
        "is shard 1/3 like": [kept(folder, "c", [run("a")], a), kept(folder, "d", [run("b")], a)],
        "different splits (3, 4 parts)": [
            kept(folder, "e", [run("a")], a),
            kept(folder, "f", [run("b")], Shard(2, 4)),
        ],
        "a is in": [kept(folder, "g", [run("a")]), kept(folder, "h", [run("a")])],
        "there is no run in any": [kept(folder, "i", [])],
    }


@pytest.mark.parametrize(
    "words",
    [
        "no file has shard 3/3",
        "is shard 1/3 like",
        "different splits (3, 4 parts)",
        "a is in",
        "there is no run in any",
    ],
)
def test_what_does_not_belong_together_is_refused(words: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as error:
        merge(_documents(tmp_path)[words], TOOL)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not what"),
        (b"{}", "is not what"),
        (b'{"schema": 1', "is not what"),
        (b"\xff", "is not what"),
        (b"[" * 100_000, "is not what"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_is_no_document_is_refused(
    content: bytes | None, words: str, tmp_path: Path
) -> None:
    path = tmp_path / "verdicts.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DocumentError, match=words) as error:
        merge([path], TOOL)
    assert str(path) in str(error.value)


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path, "verdicts.json", [run("a")])
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))
    with pytest.raises(DocumentError, match="schema version 2, but this is 1"):
        merge([path], TOOL)


def test_one_shard_can_be_put_into_another_form(tmp_path: Path) -> None:
    """But only if one says so: a glob of files that were to be more would look the same."""
    path = kept(tmp_path, "1.json", [run("a", 1)], Shard(1, 2))
    with pytest.raises(DocumentError, match="no file has shard 2/2"):
        merge([path], TOOL)
    found = merge([path], TOOL, incomplete=True)
    assert (found.shard, found.exit_status) == (Shard(1, 2), 1)
    empty = kept(tmp_path, "2.json", [], Shard(2, 2))
    assert merge([empty], TOOL, incomplete=True).exit_status == 0
    assert merge([empty, path], TOOL, incomplete=True).shard is None
