"""The pages that `conformance spec` writes of a model: its counterexample, its state graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.modelcheck.manifest import Model
from conformance.modelcheck.run import Overrides, tlc_options
from conformance.tlc import runner
from conformance.tlc.state_graph import MOST_STATES, NoGraph, state_graph

SMALLER = (
    f"choose one of at most {MOST_STATES:,}, such as synod-tiny (conformance spec --list has all)"
)


def counterexample_page(model: Model, folder: Path, result: runner.Result, into: Path) -> Path:
    """Write the counterexample as a page; where it is. Raises TlcError or OSError."""
    from conformance.report.model_page import model_page
    from conformance.report.write import write

    output = into / f"{model.name}.html"
    config = folder / model.config
    write(model_page(model.name, folder / model.module, config, folder.parent, result), output)
    return output


def check_graphs(models: Sequence[Model]) -> None:
    """Whether each of the models can have a state graph, as far as the manifest says. Raises
    NoGraph, which says why not."""
    for model in models:
        if model.simulate or model.seeds:
            raise NoGraph(
                f"{model.name} draws states at random and has no state graph; choose another model"
            )
        if model.states is None or model.states > MOST_STATES:
            states = (
                f"{model.states:,} states" if model.states else "states that nobody has counted"
            )
            raise NoGraph(
                f"{model.name} has {states}, too many for a graph to be looked at; {SMALLER}"
            )


def write_graph(model: Model, folder: Path, overrides: Overrides, into: Path) -> Path:
    """Write the state graph as a page; where it is. Raises TlcError or OSError."""
    from conformance.report.graph_page import graph_page
    from conformance.report.write import write

    places = (folder / model.module, folder / model.config, folder.parent)
    # With several threads TLC would print its lines in any order.
    limits = runner.Limits(overrides.limits(model).seconds, overrides.limits(model).heap_mb)
    manner = runner.Manner(deadlock=model.deadlock, options=tlc_options(model))
    found = state_graph(*places, limits, manner)
    into.mkdir(parents=True, exist_ok=True)
    output = into / f"{model.name}.html"
    write(graph_page(model.name, *places, found), output, "graph.html.j2")
    return output
