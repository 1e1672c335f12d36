"""What a machine changes in a definition: one small thing at a time, so that it allows more than it
says, or does something else.

What only forbids something, nobody looks for: a property of safety cannot see what is not done. For
the same reason no message is left unsent: it would be one that is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from conformance.specmutants.junctions import (
    Span,
    conditions,
    filters,
    operands,
    ranges,
    tokens,
)
from conformance.tla.module import Definition, Source

KINDS = {
    "drop": "a guard, or a part of one, is true",
    "near": "a comparison is off by one, or an equality of numbers is an inequality",
    "one": "one is enough where all are asked",
    "quorum": "one acceptor is a quorum",
    "range": "a range has only one of its ends",
    "branch": "a condition is taken for true, or for false",
    "stays": "a variable is not changed",
    "reset": "a variable that is to stay is set back to what it is at the beginning",
}
"""The kinds of changes."""

_NUMBER = re.compile(r"((?<!!)\.(bal|inst|read|from|to|prefix)|\[1\])$")  # not a field in EXCEPT
_TYPE_TEST = re.compile(r"\w+\.type = \"\w+\"")
_CLAIM = re.compile(r"\\in\b|\\subseteq|\\notin|=>|<=|>=|\\A|\\E|[=#<>~]")
_NO_CLAIM = ("/\\", "IF", "LET", "[", "{", "<<", "CHOOSE", "UNION")
_INNERMOST = re.compile(r"\([^()\[\]{}]*\)|\[[^()\[\]{}]*\]|\{[^()\[\]{}]*\}")
_EFFECT = re.compile(r"(\w+)' = ")
_CALL = re.compile(r"(\w+)\(.*\)")
_SENDING = {"msgs", "said"}


@dataclass(frozen=True)
class Change:
    """body[start:end] becomes `new`; was and kind say what that is."""

    kind: str
    start: int
    end: int
    was: str
    new: str

    def applied(self, body: str) -> str:
        """The body with the change. What follows keeps its lines and, if there is room, columns."""
        old = body[self.start : self.end]
        if "\n" not in old:
            return body[: self.start] + self.new.ljust(len(old)) + body[self.end :]
        column = self.end - body.rfind("\n", 0, self.end) - 1
        return (
            body[: self.start] + self.new + "\n" * old.count("\n") + " " * column + body[self.end :]
        )


def changes(definition: Definition, source: Source, initial: Mapping[str, str]) -> list[Change]:
    """All changes of a definition, in the order of its text. initial has the value of each variable
    at the beginning."""
    body = definition.body
    found: dict[tuple[int, int, str], Change] = {}
    makers: tuple[Callable[[str, Source, Mapping[str, str]], Iterator[Change]], ...] = (
        _dropped, _near, _one, _quorum, _range, _branch, _stays, _reset,
    )  # fmt: skip
    for make in makers:
        for change in make(body, source, initial):
            if change.new != change.was:
                found.setdefault((change.start, change.end, change.new), change)
    return sorted(found.values(), key=lambda c: (c.start, c.end, c.new))


def _change(kind: str, body: str, span: Span, new: str) -> Change:
    return Change(kind, span.start, span.end, span.of(body), new)


def _whole(body: str) -> Span:
    words = tokens(body)
    return Span(words[0].start, words[-1].end)


def _guards(body: str, source: Source) -> Iterator[Span]:
    for span in operands(body):
        if not source.is_action(span.of(body)):
            yield span


def _dropped(body: str, source: Source, _: Mapping[str, str]) -> Iterator[Change]:
    spans = [*_guards(body, source), *filters(body)]
    whole = _whole(body)
    one = tokens(body)[0].text not in _NO_CLAIM and not source.is_action(body)
    if one and _CLAIM.search(_outside_brackets(whole.of(body))):
        spans.append(whole)
    for span in spans:
        if not _TYPE_TEST.fullmatch(span.of(body)):
            yield _change("drop", body, span, "TRUE")


def _outside_brackets(text: str) -> str:
    while (less := _INNERMOST.sub("", text)) != text:
        text = less
    return text


def _near(body: str, _: Source, __: Mapping[str, str]) -> Iterator[Change]:
    for found in re.finditer(r"(?<![<>=|-])(<=|>=|<|>|=)(?![<>=])(?=\s)", body):
        span = Span(found.start(), found.end())
        left = body[: found.start()].rstrip()
        match found[1]:
            case ">" | "<" as sign:
                yield _change("near", body, span, sign + "=")
            case ">=":
                yield _change("near", body, span, "+ 1 >=")
            case "<=":
                yield _change("near", body, span, "- 1 <=")
            case "=" if _NUMBER.search(left) and "=>" not in body[found.end() :].split("\n")[0]:
                yield _change("near", body, span, ">=")
                yield _change("near", body, span, "<=")


def _one(body: str, source: Source, _: Mapping[str, str]) -> Iterator[Change]:
    for word in tokens(body):
        if word.text == "\\A":
            yield _change("one", body, Span(word.start, word.end), "\\E")


def _quorum(body: str, _: Source, __: Mapping[str, str]) -> Iterator[Change]:
    for found in re.finditer(r"\\in (Quorum[12])\b", body):
        one = f"{{{{q}} : q \\in UNION {found[1]}}}"
        yield _change("quorum", body, Span(*found.span(1)), one)


def _range(body: str, _: Source, __: Mapping[str, str]) -> Iterator[Change]:
    for low, high in ranges(body):
        both = Span(low.start, high.end)
        for end in (low.of(body), high.of(body)):
            yield _change("range", body, both, f"{end}..{end}")


def _branch(body: str, _: Source, __: Mapping[str, str]) -> Iterator[Change]:
    for span in conditions(body):
        yield _change("branch", body, span, "TRUE")
        yield _change("branch", body, span, "FALSE")


def _stays(body: str, source: Source, _: Mapping[str, str]) -> Iterator[Change]:
    """Conjuncts that change variables, or call what does; but for those that send. An action that
    does nothing else is left: without it, its step would be one that is not taken."""
    spans = [*operands(body)]
    if not spans and source.is_action(body):
        spans = [_whole(body)]
    acting = [s for s in spans if source.is_action(s.of(body)) and "UNCHANGED" not in s.of(body)]
    if "UNCHANGED" in body and len(acting) == 1:
        return
    for span in spans:
        text = span.of(body)
        if found := _EFFECT.match(text):
            changed = {found[1]} if found[1] in source.variables else set()
        elif (found := _CALL.fullmatch(text)) and found[1] in source.definitions:
            changed = primed(found[1], source)
        else:
            continue
        if changed and not changed & _SENDING:
            yield _change("stays", body, span, f"UNCHANGED <<{', '.join(sorted(changed))}>>")


def primed(name: str, source: Source) -> set[str]:
    """The variables that a definition changes, itself or by what it calls; none if it says of one
    that it stays, for then it is an action and no part of one."""
    body = source.definitions[name].body
    if "UNCHANGED" in body:
        return set()
    own = {v for v in re.findall(r"(\w+)'", body) if v in source.variables}
    called = {w for w in re.findall(r"(\w+)\(", body) if w in source.definitions and w != name}
    acting = (w for w in called if source.is_action(source.definitions[w].body))
    return own.union(*(primed(w, source) for w in acting))


def _reset(body: str, source: Source, initial: Mapping[str, str]) -> Iterator[Change]:
    for found in re.finditer(r"UNCHANGED\s+(<<[^>]*>>|\w+)", body):
        span = Span(*found.span())
        stay = sorted(source.variables_in(found[1]))
        for variable in stay:
            if variable in initial:
                others = ", ".join(v for v in stay if v != variable)
                value = f"{variable}' = ({initial[variable]})"
                new = f"(UNCHANGED <<{others}>> /\\ {value})" if others else value
                yield _change("reset", body, span, new)
