"""The page of what `conformance spec-figures` has counted: docs/model-figures.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from conformance.modelcheck.manifest import Model
from conformance.modelcheck.model_figures import Figures, Place, counts
from conformance.tla.module import Conjunct, parse

_BARS = "▁▂▃▄▅▆▇█"
_EFFECT = re.compile(r"\w+'\s*=")
_WIDTH = 24
"""Characters of a picture at most: of a deeper model each stands for several depths."""

_HEAD = """\
# The figures of every model

Written by `make spec-figures`; what they mean is in [model-checking.md](model-checking.md#counted).
"""


def page(models: Sequence[Model], found: Iterable[Figures], spec: Path) -> str:
    """The page, as Markdown: of each model its states, their number at each depth, and the
    probability of a collision; of each module of the folder its conjuncts."""
    by_name = {figures.name: figures for figures in found}
    lines = [_HEAD, "## States", "", *_states(models, by_name), ""]
    lines += ["## Conjuncts", "", *_conjuncts(list(by_name.values()), spec)]
    return "\n".join(lines) + "\n"


def _states(models: Sequence[Model], found: dict[str, Figures]) -> Iterator[str]:
    yield (
        "Distinct states, generated ones, the depth (an initial state is at 1), the most states at "
        "one depth, how many there are at each, from left to right, and the probability that two "
        "were taken for one."
    )
    yield ""
    yield "| model | states | generated | depth | most | by depth | collision |"
    yield "| --- | ---: | ---: | ---: | ---: | --- | ---: |"
    for model in models:
        if model.name not in found:
            continue
        f = found[model.name]
        yield (
            f"| `{model.name}` | {f.distinct:,} | {f.generated:,} | {len(f.layers)} | "
            f"{max(f.layers):,} | {bars(f.layers)} | {f.collision:.0e} |"
        )
    drawn = [model.name for model in models if not counts(model)]
    yield from _named("Drawn at random, so with nothing of the kind", drawn)
    missing = [m.name for m in models if counts(m) and m.name not in found]
    yield from _named("Not counted yet, as they take hours", missing)


def _named(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield ""
        yield f"{what}: {', '.join(f'`{name}`' for name in names)}."


def bars(layers: Sequence[int]) -> str:
    """How many states there are at each depth, against the most."""
    step = -(-len(layers) // _WIDTH)
    heights = [max(layers[k : k + step]) for k in range(0, len(layers), step)]
    most = max(heights)
    return "".join(
        _BARS[min(len(_BARS) - 1, height * len(_BARS) // (most + 1))] for height in heights
    )


def _conjuncts(found: Sequence[Figures], spec: Path) -> Iterator[str]:
    yield (
        "How often TLC evaluated each conjunct, in all models that hold together. A conjunct that "
        "no model evaluates would be one that nothing is known of."
    )
    yield ""
    yield "| module | conjuncts | evaluated | the least often |"
    yield "| --- | ---: | ---: | --- |"
    never: list[tuple[Place, str]] = []
    effects: list[tuple[Place, str]] = []
    for module in sorted({e.place.module for f in found for e in f.evaluated}):
        text = (spec / f"{module}.tla").read_text(encoding="utf-8")
        times = _times(found, module)
        for place in [place for place, n in times.items() if not n]:
            words = _cut(text, place)
            if _EFFECT.match(words):
                del times[place]
                effects.append((place, words))
            else:
                never.append((place, words))
        told = [(c, n) for c, n in _of_conjuncts(module, text, times) if n is not None]
        least = min(told, key=lambda pair: pair[1], default=None)
        words = f"{least[1]:,}: `{least[0].definition}`, `{_short(least[0].text)}`" if least else ""
        evaluated = sum(n > 0 for _, n in told)
        yield f"| `{module}` | {len(told)} | {evaluated} | {words} |"
    yield ""
    if effects:
        yield "Effects that actions have by an operator, of which TLC counts the call only:"
        yield from _listed(effects)
    if never:
        yield "Parts that no model evaluates:"
        yield from _listed(never)
    else:
        yield "No part of any of them is never evaluated."


def _listed(parts: Iterable[tuple[Place, str]]) -> Iterator[str]:
    yield ""
    for place, words in outermost(parts):
        yield f"- `{place.module}`, line {place.line}: `{_short(words)}`"
    yield ""


def _times(found: Sequence[Figures], module: str) -> dict[Place, int]:
    times: dict[Place, int] = {}
    for figures in found:
        for evaluated in figures.evaluated:
            if evaluated.place.module == module:
                times[evaluated.place] = times.get(evaluated.place, 0) + evaluated.times
    return times


def _of_conjuncts(
    module: str, text: str, times: dict[Place, int]
) -> Iterator[tuple[Conjunct, int | None]]:
    """Each conjunct, and how often it was evaluated: as often as the part of it that was evaluated
    most. None: TLC counts no part of it, as no action or property of a model uses it."""
    for definition in parse(module, text).definitions.values():
        conjuncts = definition.conjuncts()
        last = definition.line + definition.body.count("\n")
        ends = [*(c.line - 1 for c in conjuncts[1:]), last]
        for conjunct, end in zip(conjuncts, ends, strict=True):
            inside = [n for place, n in times.items() if conjunct.line <= place.line <= end]
            yield conjunct, max(inside, default=None)


def outermost(parts: Iterable[tuple[Place, str]]) -> Iterator[tuple[Place, str]]:
    """Those that are not inside another one."""
    last: Place | None = None
    order = sorted(parts, key=lambda p: (p[0].module, _start(p[0]), tuple(-n for n in _end(p[0]))))
    for place, words in order:
        if last and last.module == place.module and _end(place) <= _end(last):
            continue
        last = place
        yield place, words


def _start(place: Place) -> tuple[int, int]:
    return place.line, place.column


def _end(place: Place) -> tuple[int, int]:
    return place.end_line, place.end_column


def _cut(text: str, place: Place) -> str:
    """The part's own text on one line."""
    lines = text.split("\n")[place.line - 1 : place.end_line]
    lines[-1] = lines[-1][: place.end_column]
    lines[0] = lines[0][place.column - 1 :]
    return " ".join(" ".join(lines).split())


def _short(text: str) -> str:
    text = text if len(text) <= 70 else text[:67] + "..."
    return text.replace("|", "\\|")
