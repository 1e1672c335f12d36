"""Legal runs with one or two things wrong: events lost, repeated, moved, of another process or
life, and parameters altered to others of the same run, which are the ones that come close."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tests.oracle.judge import Run, decoded
from tests.oracle.runs import value

FIXED = ("event", "process")
OF_SNAPSHOT = ("TakeSnapshot", "Checkpoint", "Restart", "SendSnapshot", "InstallSnapshot")


def mutant(run: Run, seed: int) -> Run:
    """The run with something changed; it may still be legal."""
    draw = Random(seed)
    new = Run(run.spec, run.constants, run.cluster, json.loads(json.dumps(run.lines)), run.keeps)
    for _ in range(draw.choice([1, 1, 2])):
        if new.lines:
            draw.choice([*[drop, repeat, move, swap], *[alter] * 4, rename, recall])(draw, new)
    return new


def with_a_snapshot_misplaced(run: Run, seed: int) -> Run:
    new = Run(run.spec, run.constants, run.cluster, json.loads(json.dumps(run.lines)), run.keeps)
    misplace(Random(seed), new)
    return new


def drop(draw: Random, run: Run) -> None:
    del run.lines[draw.randrange(len(run.lines))]


def repeat(draw: Random, run: Run) -> None:
    k = draw.randrange(len(run.lines))
    run.lines.insert(draw.randint(k + 1, len(run.lines)), dict(run.lines[k]))


def move(draw: Random, run: Run) -> None:
    line = run.lines.pop(draw.randrange(len(run.lines)))
    run.lines.insert(draw.randint(0, len(run.lines)), line)


def swap(draw: Random, run: Run) -> None:
    j, k = draw.randrange(len(run.lines)), draw.randrange(len(run.lines))
    run.lines[j], run.lines[k] = run.lines[k], run.lines[j]


def rename(draw: Random, run: Run) -> None:
    """Another process of the same role, or another life."""
    line = draw.choice(run.lines)
    role, number, life = decoded(line["process"])
    if draw.random() < 0.5:
        number = draw.choice(run.cluster[f"{role}s"] or [1, 2])
    else:
        life = max(1, life + draw.choice([-1, 1]))
    line["process"] = f"{role}-{number}.{life}"


def recall(draw: Random, run: Run) -> None:
    """An acceptor or a proposer comes back with something else."""
    if kept := [line for line in run.lines if line["event"] == "Recover"]:
        alter(draw, run, kept)


def misplace(draw: Random, run: Run) -> None:
    """A snapshot is of another place, or of another learner."""
    if of_snapshots := [line for line in run.lines if line["event"] in OF_SNAPSHOT]:
        alter(draw, run, of_snapshots)


def alter(draw: Random, run: Run, among: list[Any] | None = None) -> None:
    """Another value for one parameter."""
    line = draw.choice(among or run.lines)
    keys = [key for key in line if key not in FIXED]
    if line["event"] == "Recover":
        role, _, _ = decoded(line["process"])
        promise = "promises" if run.constants["promise_scope"] == "instance" else "promised"
        may = {"acceptor": [promise, "votes", "trimmed"], "proposer": ["round"]}
        keys = may.get(role, [])
    if not keys:
        return
    key = draw.choice(keys)
    if key in line and line["event"] == "Recover" and key != "votes" and draw.random() < 0.2:
        del line[key]
        return
    if key == "quorum" and line["event"] == "Learn" and draw.random() < 0.3:
        del line[key]
        return
    old = line.get(key)
    new = other(draw, run, key, old)
    if new is not None:
        line[key] = new


def other(draw: Random, run: Run, key: str, old: Any) -> Any:
    if key in ("ballot", "promised"):
        return ballot(draw, run)
    if key == "promises":
        return promises(draw, run, list(old or []))
    if key == "quorum":
        return quorum(draw, run, old)
    if key == "votes":
        return votes(draw, run, list(old or []))
    if key in ("batch", "values"):
        return batch(draw, run, old, least=int(key == "values" and bool(old)))
    if isinstance(old, int) or key in ("round", "trimmed"):
        return max(1, (old or 0) + draw.choice([-1, -1, 1, 1, 2]))
    return None


def ballot(draw: Random, run: Run) -> list[int]:
    b = draw.choice([x["ballot"] for x in run.lines if "ballot" in x] or [[1, 1]])
    if draw.random() < 0.4:
        b = [max(1, b[0] + draw.choice([-1, 1])), b[1]]
    return list(b) if draw.random() < 0.9 else [b[0], 3 - b[1]]


def promises(draw: Random, run: Run, new: list[Any]) -> list[Any]:
    """Ranges of instances, each with a ballot; they ascend, and have no instance in common."""
    how = draw.choice(["less", "more", "ballot", "shorter"])
    k = draw.randrange(len(new)) if new else 0
    if how == "less" and new:
        del new[k]
    elif how == "ballot" and new:
        new[k] = [*new[k][:2], ballot(draw, run)]
    elif how == "shorter" and new and new[k][0] < new[k][1]:
        new[k] = [new[k][0] + 1, *new[k][1:]]
    else:
        first = new[-1][1] + 1 if new else 1
        new.append([first, first + draw.choice([0, 1]), ballot(draw, run)])
    return new


def quorum(draw: Random, run: Run, old: Any) -> list[int]:
    acceptors = run.cluster["acceptors"]
    new = list(old or acceptors)
    how = draw.choice(["less", "more", "twice", "stranger", "drawn"])
    if how == "less" and len(new) > 1:
        new.remove(draw.choice(new))
    elif how == "twice":
        new[draw.randrange(len(new))] = new[0]
    elif how == "stranger":
        new[draw.randrange(len(new))] = 99
    else:
        new = draw.sample(acceptors, draw.randint(1, len(acceptors)))
    return new


def known(run: Run) -> list[Any]:
    return [v for line in run.lines if line["event"] == "Broadcast" for v in line["values"]]


def batch(draw: Random, run: Run, old: Any, least: int = 0) -> Any:
    new: list[Any] = [list(v) for v in old or []]
    values = [*known(run), value("1.1", 77, 1)]
    how = draw.choice(["less", "more", "shuffle", "digest", "count", "drawn"])
    if how == "less" and len(new) > least:
        new.pop(draw.randrange(len(new)))
    elif how == "more":
        new.append(draw.choice(values))
    elif how == "shuffle":
        draw.shuffle(new)
    elif how == "digest" and new:
        new[draw.randrange(len(new))][3] = "0" * 16
    elif how == "count" and new:
        new[draw.randrange(len(new))][2] += 1
    else:
        new = [draw.choice(values)]
    return new


def votes(draw: Random, run: Run, new: list[Any]) -> Any:
    how = draw.choice(["less", "more", "twice", "ballot", "batch", "instance"])
    k = draw.randrange(len(new)) if new else 0
    if how == "less" and new:
        del new[k]
    elif how == "twice" and new:
        i, b, old = new[k]
        again = [i, draw.choice([b, ballot(draw, run)]), draw.choice([old, batch(draw, run, old)])]
        new.insert(draw.randint(0, len(new)), again)
    elif how == "ballot" and new:
        new[k] = [new[k][0], ballot(draw, run), new[k][2]]
    elif how == "batch" and new:
        new[k] = [*new[k][:2], batch(draw, run, new[k][2])]
    elif how == "instance" and new:
        new[k] = [max(1, new[k][0] + draw.choice([-1, 1])), *new[k][1:]]
    else:
        proposals = [x for x in run.lines if x["event"] == "Phase2a"]
        if proposals:
            x = draw.choice(proposals)
            new.append([x["instance"], x["ballot"], x["batch"]])
    return new
