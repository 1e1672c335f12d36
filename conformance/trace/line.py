"""One line of a trace as a record, with the fields that its writer added for itself.

A field of an event or a header whose name begins with `x_` is the writer's own: it may hold any
JSON, it is kept in the record's `extra`, it is shown, and no judge looks at it. All other fields
that the schema does not have are errors.

The records forbid unknown fields, so a line without such fields costs nothing more: only a line
that is refused is looked at again. What the records do not say of names and digests is checked
here: who has read a line before need not pay for it again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import UNSET

from conformance.trace.partial import PartialEvent, is_whole_but_for
from conformance.trace.process import MEMBER, decode
from conformance.trace.schema import EVENTS, OWN, AnyEvent, Batch, Header

_event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(AnyEvent)
_partial: msgspec.json.Decoder[Any] = msgspec.json.Decoder(PartialEvent)
_header = msgspec.json.Decoder(Header)
_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])

MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises of a line that is not as the schema has it."""

Record = TypeVar("Record", bound=msgspec.Struct)


def event_of(line: bytes, omits: Collection[str] = ()) -> Any:
    """The event in this line, an AnyEvent; in a run that omits something, a PartialEvent. Raises
    MALFORMED."""
    event = decoded(line, omits)
    if not (_is_process(event.process) and has_names(event)):
        raise msgspec.ValidationError("a name or a digest is none")
    return event


def decoded(line: bytes, omits: Collection[str] = ()) -> Any:
    """The same, whatever the names in it are. Raises MALFORMED."""
    decoder = _partial if omits else _event
    try:
        event = decoder.decode(line)
    except msgspec.ValidationError as error:
        event = _with_own_fields(line, decoder, error)
    if omits and not is_whole_but_for(event, omits):
        raise msgspec.ValidationError("a field is missing, or one too many")
    return event


def decoder(omits: Collection[str] = ()) -> Callable[[bytes], Any]:
    """What decodes most lines, and quicker: it raises MALFORMED also for a line with fields that
    its writer added, which is then for `decoded`."""
    return partial(decoded, omits=omits) if omits else _event.decode


def has_names(event: Any) -> bool:
    """Whether what the event calls clients and digests are such."""
    ranges = _RANGES_OF.get(type(event))
    if ranges is not None:
        for client, _, _, digest in ranges(event):
            if _is_digest(digest) is None or not _is_member(client):
                return False
    return True


_is_digest = re.compile("[0-9a-f]{16}").fullmatch


@lru_cache(maxsize=1 << 14)
def _is_member(name: str) -> bool:
    return re.fullmatch(MEMBER, name) is not None


def _is_process(name: str) -> bool:
    try:
        return bool(decode(name))
    except ValueError:
        return False


def _ranges(field: str) -> Callable[[Any], Batch]:
    """The ranges that an event has in this field: a batch, or votes for batches."""
    if field == "votes":
        return lambda e: tuple(r for vote in e.votes or () for r in vote[2])
    return lambda e: getattr(e, field) or ()


def _kinds() -> Iterable[type[msgspec.Struct]]:
    return (*EVENTS.values(), *get_args(PartialEvent))


_RANGES_OF = {
    kind: _ranges(field)
    for kind in _kinds()
    for field in ("batch", "values", "votes")
    if field in kind.__struct_fields__
}


def header_of(line: bytes) -> Header:
    """The header in this line. Raises MALFORMED."""
    try:
        return _header.decode(line)
    except msgspec.ValidationError as error:
        return _with_own_fields(line, _header, error)


def _with_own_fields(
    line: bytes, decoder: msgspec.json.Decoder[Record], error: msgspec.ValidationError
) -> Record:
    """The record without the writer's own fields, and these beside it; `error` if it has none."""
    try:
        parts = _parts.decode(line)
    except msgspec.ValidationError:  # it is no object
        raise error from None
    own = {name: msgspec.json.decode(part) for name, part in parts.items() if name.startswith(OWN)}
    if not own:
        raise error
    rest = {name: part for name, part in parts.items() if name not in own}
    record = decoder.decode(msgspec.json.encode(rest))
    msgspec.structs.force_setattr(record, "extra", own)  # it is new, and nobody else has it
    return record


def _keys(kind: type[msgspec.Struct]) -> tuple[int, tuple[str, ...]]:
    """How many keys a line of this kind of event has, and which of them it may be without."""
    optional = tuple(f.name for f in msgspec.structs.fields(kind) if not f.required)
    return 1 + len(kind.__struct_fields__), optional


_KEYS = {kind: _keys(kind) for kind in _kinds()}


def key_twice(line: bytes, event: Any) -> str | None:
    """A key that the line of this event has twice, if there is one. Raises MALFORMED."""
    keys, optional = _KEYS[type(event)]
    for name in optional:
        keys -= getattr(event, name) is UNSET
    # No string in an event has a colon, so there is one for each key; but what a writer added for
    # itself may have any number.
    return None if line.count(b":") == keys else twice(line)


def twice(line: bytes) -> str | None:
    """A key that some object in the line, which is JSON, has twice. Raises RecursionError."""
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        found.extend(key for n, key in enumerate(keys) if key in keys[:n])

    json.loads(line, object_pairs_hook=look, parse_int=str, parse_float=str)
    return found[0] if found else None
