"""A counterexample as a table: the elements, and each variable before and after the step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from conformance.proof.evaluate import Meaning
from conformance.proof.finite import Found
from conformance.proof.logic import Encoding, Symbol


def table(encoding: Encoding, found: Found) -> str:
    """In plain text, without an end of line."""
    names = _Names(encoding, found)
    rows: list[Iterable[str]] = [("", "before", "after")]
    for variable in encoding.variables:
        name = variable.name()
        old = list(names.lines(variable, found.before.meanings[name]))
        new = list(names.lines(variable, found.after.meanings[name]))
        if new == old:
            new = ["the same"]
        height = max(len(old), len(new))
        columns = [column + [""] * (height - len(column)) for column in ([name], old, new)]
        rows += zip(*columns, strict=True)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [*names.elements(), *(_line(row, widths) for row in rows)]
    if found.obligation.action:
        lines.insert(0, f"{'step':{widths[0]}}  {names.step(found)}")
    return "\n".join([*lines, f"{'false':{widths[0]}}  {found.obligation.claim}"])


def indented(encoding: Encoding, found: Found) -> str:
    """The table as a part of something else."""
    return "\n".join(f"    {line}" for line in table(encoding, found).splitlines())


def step(encoding: Encoding, found: Found) -> str:
    """The step of the counterexample: Vote(a1, 2, v1, q1)."""
    return _Names(encoding, found).step(found)


def _line(row: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _letter(sort: str) -> str:
    """As QuorumsMeet has it, a quorum of phase 1 is a Q and one of phase 2 an R."""
    return "r" if sort == "Quorum2" else sort[0].lower()


class _Names:
    """Names for the elements of a structure: the letter of their sort and a number; of a sort
    that is ordered from 0, the number alone."""

    def __init__(self, encoding: Encoding, found: Found) -> None:
        self.encoding, self.found = encoding, found
        ordered = {order.domain(0).name() for order in encoding.orders}
        self._of: Mapping[str, list[str]] = {
            name: [str(n) if name in ordered else f"{_letter(name)}{n + 1}" for n in range(size)]
            for name, size in found.before.sizes.items()
        }
        for symbol in encoding.constants:
            sort, meaning = symbol.range().name(), found.before.meanings[symbol.name()]
            if not symbol.arity() and isinstance(meaning, dict) and sort not in ordered:
                self._of[sort][meaning[()]] = symbol.name()

    def of(self, sort: str, number: int) -> str:
        return self._of[sort][number]

    def step(self, found: Found) -> str:
        """As in Vote(a1, 2, v1, q1)."""
        (action,) = (a for a in self.encoding.actions if a.name == found.obligation.action)
        pairs = zip(action.sorts, found.parameters, strict=True)
        return f"{action.name}({', '.join(self.of(s.name(), n) for s, n in pairs)})"

    def elements(self) -> Iterator[str]:
        """What each constant is, but for the orders and zeros, which the numbers show."""
        shown = {order.name() for order in self.encoding.orders}
        for symbol in self.encoding.constants:
            if symbol.name() not in shown and symbol.arity():
                meaning = self.found.before.meanings[symbol.name()]
                lines = list(self.lines(symbol, meaning))
                yield f"{symbol.name()}: {'; '.join(lines)}"

    def lines(self, symbol: Symbol, meaning: Meaning) -> Iterator[str]:
        """What a symbol means: of a relation, a line for what each first element is with."""
        sorts = [symbol.domain(n).name() for n in range(symbol.arity())]
        if isinstance(meaning, dict):
            for at, value in sorted(meaning.items()):
                to = self.of(symbol.range().name(), value)
                where = self._tuple(sorts, at)
                yield f"{where}: {to}" if where else to
            return
        if len(sorts) < 2:
            yield "{" + ", ".join(self._tuple(sorts, at) for at in sorted(meaning)) + "}"
            return
        if not meaning:
            yield "{}"
        for head in sorted({at[0] for at in meaning}):
            rest = sorted(at[1:] for at in meaning if at[0] == head)
            shown = ", ".join(self._tuple(sorts[1:], at) for at in rest)
            yield f"{self.of(sorts[0], head)}: {shown}"

    def _tuple(self, sorts: list[str], at: tuple[int, ...]) -> str:
        named = [self.of(s, n) for s, n in zip(sorts, at, strict=True)]
        return named[0] if len(named) == 1 else f"<{', '.join(named)}>" if named else ""
