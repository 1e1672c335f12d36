"""Where the parts of a formula stand in its text: the operands of its conjunctions, what a set
asks of its elements, conditions, the ends of ranges.

This reads TLA+ as it is laid out in spec/: bullets below one another. It parses no more than it
needs: brackets, IF and LET, and the columns of bullets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r'"[^"]*"|\\[A-Za-z]+|/\\|\\/|::|=>|<=>|<=|>=|\|->|==|<<|>>|->|\.\.|\[\]|[A-Za-z_]\w*|\d+|\S'
)
_OPENS = {"(": ")", "[": "]", "{": "}", "<<": ">>", "IF": "THEN", "THEN": "ELSE", "LET": "IN"}
_CLOSES = {*_OPENS.values()}
_BEFORE_BULLET = {":", "::", "==", "THEN", "ELSE", "IN", "(", "/\\", "\\/", "=>", "LET", "IF"}
_ENDS_OPERAND = {"/\\", "\\/", "=>", ","}
_BEGINS_OPERAND = {*_BEFORE_BULLET, "|->", ","}


@dataclass(frozen=True)
class Token:
    """A word or sign at text[start:end], in this column; first: its line begins with it."""

    text: str
    start: int
    end: int
    column: int
    first: bool


@dataclass(frozen=True)
class Span:
    """text[start:end]."""

    start: int
    end: int

    def of(self, text: str) -> str:
        """What is there, on one line."""
        return " ".join(text[self.start : self.end].split())


def tokens(text: str) -> list[Token]:
    """The words and signs of a text, in their order."""
    found = []
    for match in _TOKEN.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        column = match.start() - line
        first = not text[line : match.start()].strip()
        found.append(Token(match[0], match.start(), match.end(), column, first))
    return found


def operands(text: str) -> Iterator[Span]:
    """Each operand of each conjunction in the text, also of those inside others, without labels."""
    words = tokens(text)
    for at, word in enumerate(words):
        if word.text != "/\\":
            continue
        bullet = at == 0 or word.first or words[at - 1].text in _BEFORE_BULLET
        begin = at + 1
        if words[begin + 1 : begin + 2] and words[begin + 1].text == "::":
            begin += 2
        end = _bullet_end(words, at) if bullet else _operand_end(words, begin)
        yield Span(words[begin].start, words[end].end)
        if not bullet and not _is_operand_of_the_same(words, at):
            yield Span(words[_operand_begin(words, at)].start, words[at - 1].end)


def _is_operand_of_the_same(words: list[Token], at: int) -> bool:
    """Whether what is left of the sign at `at` is the right operand of a conjunction in line."""
    begin = _operand_begin(words, at)
    if begin == 0 or words[begin - 1].text != "/\\":
        return False
    left = begin - 1
    return not (left == 0 or words[left].first or words[left - 1].text in _BEFORE_BULLET)


def _walk(words: list[Token], begin: int) -> Iterator[tuple[int, Token]]:
    """The words from `begin` on that are in no bracket begun after it, up to the one that closes
    what is open there; that one too."""
    expected: list[str] = []
    for at in range(begin, len(words)):
        word = words[at].text
        if expected and word == expected[-1]:
            expected.pop()
            if word == "THEN":
                expected.append("ELSE")
        elif word in _OPENS and word != "THEN":
            if not expected:
                yield at, words[at]
            expected.append(_OPENS[word])
        elif not expected:
            yield at, words[at]
            if word in _CLOSES:
                return


def _bullet_end(words: list[Token], bullet: int) -> int:
    """The last word of the item that begins with this bullet."""
    column = words[bullet].column
    end = len(words) - 1
    for at, word in _walk(words, bullet + 1):
        if word.text in _CLOSES:
            end = at - 1
            break
    for at in range(bullet + 1, end + 1):
        if words[at].first and words[at].column <= column:
            return at - 1
    return end


def _operand_end(words: list[Token], begin: int) -> int:
    """The last word of the operand in line that begins there: what a quantifier governs goes on."""
    governs = words[begin].text in ("\\A", "\\E")
    enclosing = [w.column for w in words[:begin] if w.first and w.text in ("/\\", "\\/")]
    column = enclosing[-1] if enclosing else -1
    for at, word in _walk(words, begin):
        ends = word.text in _CLOSES or (not governs and word.text in _ENDS_OPERAND)
        if at > begin and (ends or (word.first and word.column <= column)):
            return at - 1
    return len(words) - 1


def _operand_begin(words: list[Token], at: int) -> int:
    """The first word of the operand in line that ends before `at`."""
    depth = 0
    for begin in range(at - 1, -1, -1):
        word = words[begin].text
        if word in (")", "]", "}", ">>"):
            depth += 1
        elif word in ("(", "[", "{", "<<"):
            if depth == 0:
                return begin + 1
            depth -= 1
        elif depth == 0 and word in _BEGINS_OPERAND:
            return begin + 1
    return 0


def filters(text: str) -> Iterator[Span]:
    """What each set {x \\in S : P} asks of its elements: P, if it is no list of conjuncts."""
    words = tokens(text)
    for at, word in enumerate(words):
        if word.text != "{" or [w.text for w in words[at + 2 : at + 3]] != ["\\in"]:
            continue
        inner = list(_walk(words, at + 1))
        colon = next((k for k, w in inner if w.text == ":"), None)
        if colon is not None and words[colon + 1].text != "/\\" and inner[-1][1].text == "}":
            yield Span(words[colon + 1].start, words[inner[-1][0] - 1].end)


def conditions(text: str) -> Iterator[Span]:
    """What stands between each IF and its THEN."""
    words = tokens(text)
    for at, word in enumerate(words):
        if word.text == "IF":
            end = next((k for k, w in _walk(words, at + 1) if w.text == "THEN"), None)
            if end is not None:
                yield Span(words[at + 1].start, words[end - 1].end)


def ranges(text: str) -> Iterator[tuple[Span, Span]]:
    """The two ends of each range m..n."""
    for found in re.finditer(r"\.\.", text):
        yield _end_of_range(text, found.start(), -1), _end_of_range(text, found.end(), 1)


def _end_of_range(text: str, at: int, step: int) -> Span:
    opens, closes = ("([", ")]") if step > 0 else (")]", "([")
    depth, here = 0, at if step > 0 else at - 1
    while 0 <= here < len(text):
        sign = text[here]
        if sign in opens:
            depth += 1
        elif sign in closes:
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and not (sign.isalnum() or sign in "_+-"):
            break
        here += step
    return Span(at, here) if step > 0 else Span(here + 1, at)
