"""The three forms of a configuration file, read to plain data: YAML, JSON, the course's lines.

What the keys and values mean is `paxos.config`'s. A key that is given twice is refused in every
form: the reader of the file would see one value, and the cluster have the other.
"""

import codecs
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from paxos.errors import InputError, reason

ROLE_GROUPS = ("clients", "proposers", "acceptors", "learners")

MAX_COUNT = 999
"""The most processes of one role."""


def read(path: Path, settings: Collection[str]) -> dict[str, Any]:
    """The mapping in the file at `path`; its form is told by the name's ending. `settings` are the
    keys that the course's lines may set. Raises `InputError`."""
    try:
        text = _decode(path.read_bytes())
    except OSError as error:
        raise InputError(f"configuration {path}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"configuration {path}: expected UTF-8 text: {error.reason}") from error
    match path.suffix.lower():
        case ".yaml" | ".yml":
            content = _parse_yaml(path, text)
        case ".json":
            content = _parse_json(path, text)
        case _:
            content = _parse_lines(path, text, settings)
    return _regroup(path, content)


def _decode(content: bytes) -> str:
    """Text with or without a byte order mark, which editors on Windows put before it, in UTF-8 or
    in UTF-16."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _twice(path: Path, line: int, key: object, before: int) -> InputError:
    return InputError(
        f"configuration {path}:{line}: `{key}` is given twice, here and in line {before}; leave "
        "one of them out"
    )


def _mapping(path: Path, content: object) -> dict[str, Any]:
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise InputError(
            f"configuration {path}: expected a mapping of keys to values, such as `acceptors: 3`"
        )
    return content


def _parse_yaml(path: Path, text: str) -> dict[str, Any]:
    import yaml  # slow to import, and not needed for the other forms

    class Loader(yaml.SafeLoader):
        """Looks at each mapping as it is written, before what it merges (`<<`) is in it: a key
        beside a merged one of the same name is meant to replace it."""

        def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
            node: yaml.MappingNode = super().compose_mapping_node(anchor)
            seen: dict[tuple[str, str], int] = {}
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    line, name = key.start_mark.line + 1, (key.tag, key.value)
                    if name in seen:
                        raise _twice(path, line, key.value, seen[name])
                    seen[name] = line
            return node

    try:
        content = yaml.load(text, Loader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
        raise InputError(f"configuration {path}{where}: not YAML: {problem}") from error
    return _mapping(path, {} if content is None else content)


_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:\n]')


def _parse_json(path: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"configuration {path}: not JSON: {error}") from error
    line, last = 1, ""
    within: list[dict[str, int]] = []  # the keys of each object or list around, with their lines
    for token in _JSON_TOKEN.findall(text):
        match token:
            case "\n":
                line += 1
            case "{" | "[":
                within.append({})
            case "}" | "]":
                within.pop()
            case ":":
                key = json.loads(last)
                if key in within[-1]:
                    raise _twice(path, line, key, within[-1][key])
                within[-1][key] = line
            case _:
                last = token
    return _mapping(path, content)


def _parse_lines(path: Path, text: str, settings: Collection[str]) -> dict[str, Any]:
    """The course's form. `clients 239.0.0.1 5000` is a group; `acceptors 5` or `milestone synod`
    is a setting of that name; `quorums 4 2` are those of phases 1 and 2; other lines mean nothing
    here and are left alone."""
    content: dict[str, Any] = {"groups": {}}
    seen: dict[tuple[str, int], int] = {}  # with the number of words: a role is both
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        match words:
            case [role, address, port] if role in ROLE_GROUPS:
                if not port.isdecimal():
                    raise InputError(
                        f"configuration {path}:{number}: {role}: expected a port number, "
                        f"1 to 65535, not {port!r}"
                    )
                content["groups"][role] = [address, int(port)]
            case ["quorums", phase1, phase2]:
                content["quorums"] = {"phase1": _scalar(phase1), "phase2": _scalar(phase2)}
            case [key, value] if key in settings and key != "groups":
                content[key] = _scalar(value)
            case _:
                continue
        before = seen.setdefault((words[0], len(words)), number)
        if before != number:
            raise _twice(path, number, words[0], before)
    missing = [role for role in ROLE_GROUPS if role not in content["groups"]]
    if missing:
        raise InputError(
            f"configuration {path}: no line for {', '.join(missing)}; expected lines such as "
            f"`{missing[0]} 239.0.0.1 5000` (a YAML file's name ends in .yaml)"
        )
    return content


def _scalar(text: str) -> object:
    if text.isdecimal():
        return int(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def _regroup(path: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Courses also write the groups as `{"clients": ["239.0.0.1", 5000], ...}`, at the top and in
    several forms, and beside them `n`, the number of acceptors."""
    content = dict(content)
    groups = {
        role: endpoint
        for role in ROLE_GROUPS
        if isinstance(endpoint := _endpoint(path, role, content.get(role)), list)
    }
    nested = content.get("groups")
    if isinstance(nested, dict):
        if both := [role for role in groups if role in nested]:
            raise InputError(
                f"configuration {path}: `{both[0]}` is given twice, at the top and in `groups`; "
                "leave one of them out"
            )
        ours = {role: _endpoint(path, role, endpoint) for role, endpoint in nested.items()}
        content["groups"] = {**ours, **groups}
    elif groups:
        content["groups"] = groups
    for role in groups:
        del content[role]
    if groups and "n" in content:
        if "acceptors" in content:
            raise InputError(
                f"configuration {path}: `n` and `acceptors` both say how many acceptors there "
                "are; leave one of them out"
            )
        content["acceptors"] = _count(path, content.pop("n"))
    return content


def _count(path: Path, value: object) -> int:
    """The number of acceptors: `3`, or `"3"`."""
    if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_COUNT:
        raise InputError(
            f"configuration {path}: n: expected the number of acceptors, 1 to {MAX_COUNT}, not "
            f"{value!r}"
        )
    return value


_ADDRESS_NAMES = ("address", "ip", "host", "group")
"""What courses call the address of a group."""


def _endpoint(path: Path, role: str, value: Any) -> Any:
    """`{"ip": a, "port": p}` and `a:p` as `[a, p]`."""
    if isinstance(value, dict):
        names = [key for key in value if key != "port"]
        if len(names) != 1 or len(value) != 2 or names[0] not in _ADDRESS_NAMES:
            given = ", ".join(f"`{key}`" for key in value) or "nothing"
            raise InputError(
                f"configuration {path}: {role}: expected an address (`ip`) and a `port`, not "
                f"{given}"
            )
        return [value[names[0]], _port(value["port"])]
    if isinstance(value, str) and re.fullmatch(r"[^:]+:[0-9]{1,9}", value):
        address, port = value.split(":")
        return [address, int(port)]
    return value


def _port(value: object) -> object:
    """`5000`, or `"5000"`. Whether it is a port is for the configuration to say."""
    return int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
