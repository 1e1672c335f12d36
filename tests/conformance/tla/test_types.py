"""The types that modules state for Apalache, in comments. Its type checker is in no package that we
could run here; so the types are read by its documented grammar (Type System 1, ADR-002, as much of
it as is needed), and those of variables are held to `TypeOK`, which TLC checks."""

from __future__ import annotations

import re

import pytest

from conformance.paths import SPEC
from conformance.tla.module import Definition, parse

MODULES = ["Consensus", "Voting"]

_TOKEN = re.compile(r"<<|>>|->|=>|[(),]|\w+")
_DECLARATIONS = re.compile(r"^(CONSTANTS|VARIABLES)\n((?:    .*\n)+)", re.MULTILINE)
_DECLARED = re.compile(r"(?:    \\\* @type: (.+);\n)?    (\w+)(,?)(?: +\\\*.*)?\n")
_OPERATOR = re.compile(r"^\\\* @type: (.+);\n(\w+)", re.MULTILINE)

Type = str | tuple["Type", ...]


class Reader:
    """Reads a type. Raises ValueError where there is none."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s", "", text):
            raise ValueError(f"no type: {text}")
        self.tokens.append("")

    def whole(self) -> Type:
        found = self.type()
        self.take("")
        return found

    def take(self, token: str) -> None:
        if self.tokens[0] != token:
            raise ValueError(f"{token or 'the end'} expected before {self.tokens}")
        del self.tokens[0]

    def type(self) -> Type:
        found = self.primary()
        if self.tokens[0] == "->":  # to the right: A -> B -> C is A -> (B -> C)
            self.take("->")
            return "->", found, self.type()
        return found

    def primary(self) -> Type:
        name = self.tokens.pop(0)
        if name in ("Set", "Seq"):
            self.take("(")
            inside = self.type()
            self.take(")")
            return name, inside
        if name == "<<":
            return "<<>>", *self.types(">>")
        if name == "(":
            given = self.types(")")
            if self.tokens[0] == "=>":
                self.take("=>")
                return "=>", *given, self.type()
            if len(given) == 1:
                return given[0]
        if name in ("Bool", "Int", "Str") or re.fullmatch("[A-Z_][A-Z0-9_]*|[a-z]", name):
            return name
        raise ValueError(f"no type begins with {name!r}")

    def types(self, end: str) -> list[Type]:
        found = [] if self.tokens[0] == end else [self.type()]
        while found and self.tokens[0] == ",":
            self.take(",")
            found.append(self.type())
        self.take(end)
        return found


def read(text: str) -> Type:
    return Reader(text).whole()


def text_of(module: str) -> str:
    return (SPEC / f"{module}.tla").read_text(encoding="utf-8")


def declared(module: str) -> dict[str, dict[str, Type]]:
    """Of the constants and of the variables, the type of each."""
    found: dict[str, dict[str, Type]] = {}
    for kind, block in _DECLARATIONS.findall(text_of(module)):
        lines = list(_DECLARED.finditer(block))
        assert "".join(line[0] for line in lines) == block
        assert [line[3] for line in lines] == [","] * (len(lines) - 1) + [""]
        assert all(line[1] for line in lines), [line[2] for line in lines if not line[1]]
        found[kind] = {line[2]: read(line[1]) for line in lines}
    return found


def is_ambiguous(definition: Definition) -> bool:
    """Whether it takes a component of what it is given, or of an element of that: without a type
    that may be a tuple's, a sequence's or a function's."""
    bound = re.findall(r"(\w+) \\in (\w+)\b", definition.body)
    given = {*definition.parameters, *(x for x, s in bound if s in definition.parameters)}
    return any(re.search(rf"\b{name}\[", definition.body) for name in given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Set(Set(ACCEPTOR))", ("Set", ("Set", "ACCEPTOR"))),
        ("A -> B -> <<Int, Str>>", ("->", "A", ("->", "B", ("<<>>", "Int", "Str")))),
        ("(A -> B) -> C", ("->", ("->", "A", "B"), "C")),
        ("(Int, Seq(a)) => Bool", ("=>", "Int", ("Seq", "a"), "Bool")),
        ("() => Bool", ("=>", "Bool")),
    ],
)
def test_a_type_is_read(text: str, expected: Type) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Set",
        "Set(",
        "Value",
        "Set(Int",
        "Int Int",
        "Int ->",
        "{Int}",
        "<<Int",
        "=> Int",
        "(A, B)",
    ],
)
def test_what_is_no_type_is_not(text: str) -> None:
    with pytest.raises(ValueError):
        read(text)


@pytest.mark.parametrize("module", MODULES)
def test_each_constant_and_variable_has_a_type(module: str) -> None:
    found = declared(module)
    assert set(found) == {"CONSTANTS", "VARIABLES"}
    assert tuple(found["VARIABLES"]) == parse(module, text_of(module)).variables


@pytest.mark.parametrize("module", MODULES)
def test_each_operator_that_needs_a_type_has_one(module: str) -> None:
    definitions = parse(module, text_of(module)).definitions
    typed = {name: read(text) for text, name in _OPERATOR.findall(text_of(module))}
    assert {name for name, d in definitions.items() if is_ambiguous(d)} <= set(typed)
    for name, found in typed.items():
        assert found[0] == "=>" and len(found) == len(definitions[name].parameters) + 2
    assert text_of(module).count("@type") == sum(map(len, declared(module).values())) + len(typed)


@pytest.mark.parametrize("module", MODULES)
def test_the_types_of_variables_are_those_of_type_ok(module: str) -> None:
    definitions, types = parse(module, text_of(module)).definitions, declared(module)
    constants = types["CONSTANTS"]

    def value(text: str) -> Type:
        if text.startswith("<<"):
            return "<<>>", *map(value, text[2:-2].split(", "))
        if text in definitions:
            return value(definitions[text].body.strip())
        return "Int" if text.isdigit() else constants[text]

    def element(text: str) -> Type:
        """The type of the elements of a set."""
        if function := re.fullmatch(r"\[(\w+) -> (.+)\]", text):
            return "->", element(function[1]), element(function[2])
        if text.startswith("SUBSET "):
            return "Set", element(text.removeprefix("SUBSET "))
        one, union, other = text.partition(r" \cup ")
        if union:
            assert element(one) == element(other)
            return element(one)
        if text.startswith("("):
            return "<<>>", *map(element, text[1:-1].split(r" \X "))
        if text.startswith("{"):
            return value(text[1:-1])
        found = constants[text]
        assert isinstance(found, tuple) and found[0] == "Set"
        return found[1]

    said: dict[str, Type] = {}
    for conjunct in definitions["TypeOK"].conjuncts():
        variable, relation, text = conjunct.text.split(" ", 2)
        said[variable] = element(text) if relation == r"\in" else ("Set", element(text))
    assert said == types["VARIABLES"]
