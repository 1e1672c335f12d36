"""A module as HTML: each definition, variable and constant an anchor, each use a link to it.

It reads a module as `module` does: a definition begins at the left margin. Names that are bound
within a definition (its parameters, what LET, a quantifier or a function binds) have no anchor; one
that is called as a definition is would be taken for it, and the modules in spec/ have none such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path

from conformance.tla.module import parse

_TOKEN = re.compile(
    r"""(?P<comment>\(\*.*?\*\)|\\\*[^\n]*)
    |(?P<other>"[^"\n]*"|\\[A-Za-z]+|(?<!\.)\.\w+)
    |(?P<name>[A-Za-z]\w*(?:!\w+)?)""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT = re.compile(r"\(\*.*?\*\)|\\\*[^\n]*", re.DOTALL)
_DECLARED = re.compile(r"^(?:VARIABLES?|CONSTANTS?)\s+((?:\w+\s*,\s*)*\w+)", re.MULTILINE)
_FIELD = re.compile(r"\s*(?:\|->|::)")
_FIELD_TYPE = re.compile(r"\s*:(?!:)")


def hypertext(name: str, folders: Sequence[Path], pages: Mapping[str, str]) -> str:
    """The module of this name, as the inside of a `pre`.

    Args:
        name: the module.
        folders: where modules are, the first that has one.
        pages: by module, the page that its anchors are on; a module without a page is not linked.

    Raises:
        OSError: there is no file of the module.
    """
    return "".join(_Marked(name, tuple(folders), pages).parts())


class _Marked:
    """A module's text, and where its names lead."""

    def __init__(self, name: str, folders: tuple[Path, ...], pages: Mapping[str, str]) -> None:
        self.name, self.folders, self.pages = name, folders, pages
        self.text = _read(name, folders)
        self.targets = {**_visible(name, folders), **_anchors(name, folders)}
        read = parse(name, self.text)
        self.instances = {d: of for d in read.definitions if (of := read.instance(d))}

    def parts(self) -> Iterator[str]:
        """The text in parts, each as it is marked."""
        end = 0
        for token in _TOKEN.finditer(self.text):
            yield escape(self.text[end : token.start()], quote=False)
            end = token.end()
            if token["comment"]:
                yield f'<span class="tla-comment">{escape(token[0], quote=False)}</span>'
            elif not token["name"] or self._is_field(token):
                yield escape(token[0], quote=False)
            elif self.targets.get(token[0]) == (self.name, token.start()):
                yield f'<a class="tla-definition" id="{token[0]}" href="#{token[0]}">{token[0]}</a>'
            else:
                yield self._use(token[0])
        yield escape(self.text[end:], quote=False)

    def _is_field(self, token: re.Match[str]) -> bool:
        """Whether the name is that of a field of a record, or a label."""
        if _FIELD.match(self.text, token.end()):
            return True
        before = self.text[: token.start()].rstrip()
        return before[-1:] in ("[", ",") and bool(_FIELD_TYPE.match(self.text, token.end()))

    def _use(self, name: str) -> str:
        """A name where it is used: a link, if it leads somewhere."""
        word, within, member = name.partition("!")
        module = self.instances.get(word, "")
        if within and module in self.pages and member in _anchors(module, self.folders):
            return f'{self._use(word)}!<a href="{self.pages[module]}#{member}">{member}</a>'
        if within:
            return f"{self._use(word)}!{member}"
        if word in self.targets:
            page = self.pages.get(self.targets[word][0])
            return word if page is None else f'<a href="{page}#{word}">{word}</a>'
        is_module = word in self.pages and word != self.name
        return f'<a href="{self.pages[word]}">{word}</a>' if is_module else word


@cache
def _read(name: str, folders: tuple[Path, ...]) -> str:
    path = next((f / f"{name}.tla" for f in folders if (f / f"{name}.tla").is_file()), None)
    return (path or folders[0] / f"{name}.tla").read_text(encoding="utf-8")


@cache
def _anchors(name: str, folders: tuple[Path, ...]) -> dict[str, tuple[str, int]]:
    """What the module itself defines and declares: the module, and where in its text."""
    text = _read(name, folders)
    # Comments are blanked, not cut, so that places are those in the text.
    bare = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    places = {
        d.name: (name, text.index(d.name, lines[d.line - 1]))
        for d in parse(name, text).definitions.values()
    }
    for found in _DECLARED.finditer(bare):
        for word in re.finditer(r"\w+", found[1]):
            places[word[0]] = (name, found.start(1) + word.start())
    return places


@cache
def _visible(name: str, folders: tuple[Path, ...]) -> dict[str, tuple[str, int]]:
    """What the module has of those that it extends, of those in the folders."""
    found: dict[str, tuple[str, int]] = {}
    for other in parse(name, _read(name, folders)).extends:
        if any((folder / f"{other}.tla").is_file() for folder in folders):
            found |= {**_visible(other, folders), **_anchors(other, folders)}
    return found
