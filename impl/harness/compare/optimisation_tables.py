"""The comparison as Markdown tables."""

from __future__ import annotations

from harness.compare.comparison import Comparison, Row
from harness.measure.text import figure, intro, ms, table, whole

PHASES = ("Submit", "Prepare", "Promise", "Accept", "Accepted", "Decide", "Delivered")
"""The message types that each value needs, in their order; the rest (heartbeats, repair) are
counted together."""


def render(result: Comparison) -> str:
    """The whole of `table.md`."""
    quick = (
        ["", "This was the quick version: its timings say little.", ""] if result.is_quick else []
    )
    return "\n".join(
        [
            "# The optimisations compared",
            *quick,
            "",
            *intro(result.machine, result.workload),
            "",
            "## Verdicts, speed, latency",
            "",
            *_main(result),
            "",
            *_legend(result),
            "",
            "## Messages per value, one value at a time",
            "",
            "Counted / expected of the protocol. A message to two groups is two.",
            "",
            *_messages(result),
            "",
            "## Datagrams and bytes per value, one value at a time",
            "",
            *_traffic(result, "idle"),
            "",
            "## Datagrams and bytes per value, at full speed",
            "",
            *_traffic(result, "full"),
            "",
            "## Models",
            "",
            *_models(result),
            "",
        ]
    )


def runs(result: Comparison) -> str:
    """A section with each run: its figures, its verdict, and a link to its page."""
    heads = ["optimisations", "run", "values/s", "p50, ms", "p99, ms", "verdict", "page"]
    kinds = {"idle": "one value at a time", "full": "full speed"}
    rows = [
        [
            row.name,
            kinds.get(run.kind, f"{run.offered:,.0f} values/s offered" if run.offered else ""),
            figure(run.achieved),
            *(ms(run.latency.quantile_us(share)) for share in (0.5, 0.99)),
            run.verdict.partition("\n")[0].replace("|", "/"),
            f"[page]({run.page})" if run.page else "-",
        ]
        for row in result.rows
        for run in row.runs
    ]
    note = "A page shows a run step by step, a long one its beginning."
    return "\n".join(["## Runs", "", *table(heads, rows), "", note, ""])


def short(row: Row, load: float) -> list[str]:
    """The cells of a row of the main table."""
    idle, loaded = row.of("idle"), row.of("load", load)
    return [
        row.name,
        f"{'as expected' if row.models_hold else 'NOT as expected'}, {row.states:,} states",
        "conforms" if row.conforms else "VIOLATES",
        f"{whole(row.spec_delays)} / {whole(row.measured_delays)}",
        figure(sum(t.datagrams for t in row.traffic("full").values())),
        figure(sum(t.bytes for t in row.traffic("full").values())),
        figure(row.throughput()),
        f"{ms(row.latency_us(idle, 0.5))} / {ms(row.latency_us(idle, 0.99))}",
        f"{ms(row.latency_us(loaded, 0.5))} / {ms(row.latency_us(loaded, 0.99))}",
    ]


def _main(result: Comparison) -> list[str]:
    heads = [
        "optimisations",
        "TLC",
        "traces",
        "delays spec / measured",
        "datagrams per value",
        "bytes per value",
        "values/s",
        "latency idle p50 / p99, ms",
        "loaded p50 / p99, ms",
    ]
    return table(heads, [short(row, result.load) for row in result.rows])


def _legend(result: Comparison) -> list[str]:
    large = (
        " and the large one (2 ballots and 2 instances) together"
        if result.large_models
        else "; the large ones (2 ballots and 2 instances) are left out"
    )
    return [
        "TLC: its verdict on the models of the combination, and the distinct states of the short "
        f"one (1 ballot and 2 instances){large}. "
        "Traces: the checker's verdict on every run. Delays: message delays from broadcast to "
        "delivery, the least that TLC finds and the least in the traces of the idle runs. "
        "Datagrams and bytes: sent by all processes, at full speed. Idle: one value at a time. "
        f"Loaded: {result.load:,.0f} values/s offered by "
        f"{result.workload.get('clients', 'all clients')}, the same for all. Latency is from "
        "broadcast to a client's hearing of the delivery. Medians of the repetitions."
    ]


def _messages(result: Comparison) -> list[str]:
    rows = []
    for row in result.rows:
        counted = row.traffic("idle")
        pairs = [(counted[t].messages if t in counted else 0, row.expected[t]) for t in PHASES]
        total = sum(c for c, _ in pairs), sum(e for _, e in pairs)
        other = sum(t.messages for name, t in counted.items() if name not in PHASES)
        cells = [f"{figure(c)} / {figure(e)}" for c, e in [*pairs, total]]
        rows.append([row.name, *cells, figure(other)])
    return table(["optimisations", *PHASES, "all these", "other"], rows)


def _traffic(result: Comparison, kind: str) -> list[str]:
    rows = []
    for row in result.rows:
        sent = row.traffic(kind)
        cells = [
            f"{figure(sent[t].datagrams)} / {figure(sent[t].bytes)}" if t in sent else "0"
            for t in PHASES
        ]
        other = [t for name, t in sent.items() if name not in PHASES]
        for some in (other, sent.values()):
            datagrams, size = sum(t.datagrams for t in some), sum(t.bytes for t in some)
            cells.append(f"{figure(datagrams)} / {figure(size)}")
        rows.append([row.name, *cells])
    return table(["optimisations", *PHASES, "other", "all"], rows)


def _models(result: Comparison) -> list[str]:
    rows = [
        [row.name, model.name, model.verdict, f"{model.states:,}", model.checked or "now"]
        for row in result.rows
        for model in row.models
    ]
    return table(["optimisations", "model", "TLC", "states", "checked"], rows)
