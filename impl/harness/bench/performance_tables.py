"""The benchmark as Markdown tables, each with its ratios to the peer and the machine's limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.bench import schedule
from harness.bench.benchmark import Benchmark, Late, Row, Stateful
from harness.bench.goals import goals
from harness.bench.longest_wait import PHASES
from harness.bench.schedule import Plan
from harness.bench.setting import Setting, size_text
from harness.measure.spread import Spread
from harness.measure.text import figure, intro, ms, spread_text, table
from paxos.core.names import ROLES

_SAYS = {
    "throughput": "Throughput by size of value",
    "latency": "Latency, one value at a time",
    "load": "Latency against offered load",
    "switches": "Storage and tracing",
    "unbatched": "An instance for each value",
    "loss": "Loss",
    "replicas": "Three replicas, and as many roles apart",
    "fifo": "Order of each client",
    "scale": "Clients, acceptors, learners",
    "combos": "Combinations of the optimisations",
}


def render(result: Benchmark, chosen: Plan) -> str:
    """The whole of `table.md`."""
    smoke = ["", "This was the smoke test: its figures say nothing of speed."]
    lines = ["# Benchmark", *(smoke if result.is_smoke else []), ""]
    lines += intro(result.machine, result.method)
    lines += ["", "## Goals", "", *_goals(result), "", _MEANING, ""]
    lines += ["## The machine", "", *_limits(result), ""]
    if result.peers:
        lines += ["## The peer: PySyncObj", "", *_peers(result), ""]
    for part in chosen.parts:
        rows = [row for s in schedule.settings(chosen, part) if (row := result.row(s)) and row.runs]
        if rows:
            lines += [f"## {_SAYS[part]}", "", *_speed(result, rows), "", *_cost(rows), ""]
    if result.flat:
        lines += ["## Flat in time", "", *_flat(result), ""]
    if result.late:
        lines += ["## A learner that comes late", "", *_late(result.late), ""]
    if result.stateful:
        lines += ["## State machines", "", *_stateful(result.stateful), ""]
    if result.stores:
        lines += ["## Key-value stores: three nodes, durable", "", *_stores(result), ""]
    if result.failures:
        lines += ["## Failures", "", *(f"- {text}" for text in result.failures), ""]
    return "\n".join(lines)


def runs(result: Benchmark) -> str:
    """A section with each run: its figures, its verdict, and a link to its page."""
    heads = ["setting", "values/s", "p50, ms", "p99, ms", "verdict", "page"]
    found = [(row.setting.name, run) for row in result.rows for run in row.runs]
    found += [("long", flat.run) for flat in result.flat]
    rows = [
        [
            name,
            figure(run.rate),
            *(ms(run.latency_us.get(quantile)) for quantile in ("p50", "p99")),
            run.checked.verdict.partition("\n")[0].replace("|", "/")
            if run.checked
            else "not traced",
            f"[page]({run.checked.page})" if run.checked and run.checked.page else "-",
        ]
        for name, run in found
    ]
    note = "A page shows a traced run step by step, a long one its beginning."
    return "\n".join(["## Runs", "", *table(heads, rows), "", note, ""])


_MEANING = (
    "Figures are medians, with the least and the most in parentheses. Values/s: delivered at the "
    "slowest learner. Latency: from broadcast to the client's hearing of the delivery; with a "
    "load offered, from when the value was due. Of PySyncObj: values/s over those of PySyncObj in "
    "the same use (pipelined, or one at a time) with values of the same size. Of the raw stream: "
    "bytes of values per second over what one process can send another by multicast. In one-way "
    "delays: the median latency over the raw delay of a datagram; the least there can be is three "
    "until delivery, and one until the client hears of it. Check: seconds that the checker took "
    "for a second of the run, and events that it took in a second. Per 1000 values: datagrams "
    "sent by all processes; datagrams that a client heard for 1000 of its own; packets and "
    "messages said again for want of an answer; learners' questions for what they missed. "
    "Wake-ups and system calls, of all processes: of a value that is alone."
)

_CHECK = ["check, s/s", "events/s"]

_MET = {True: "met", False: "NOT met", None: "-"}


def _goals(result: Benchmark) -> list[str]:
    rows = [[goal.name, goal.wanted, goal.found, _MET[goal.met]] for goal in goals(result)]
    return table(["goal", "wanted", "found", "verdict"], rows)


def _limits(result: Benchmark) -> list[str]:
    entries = [
        ("raw multicast, one way, µs, p50", result.limit(lambda x: x.one_way_us)),
        ("raw multicast, one way, µs, p99", result.limit(lambda x: x.one_way_p99_us)),
        ("raw stream of 64 B datagrams, per second", result.limit(lambda x: x.small_per_s)),
        ("raw stream of the largest datagrams, MB/s", result.limit(lambda x: x.large_mb_per_s)),
        ("raw fsync, per second", result.limit(lambda x: x.fsync_per_s)),
        ("values/s with SQLite, for one raw fsync/s", _values_an_fsync(result)),
    ]
    return table(["limit", "measured"], [[name, spread_text(found)] for name, found in entries])


def _values_an_fsync(result: Benchmark) -> Spread | None:
    """How many values the cluster makes durable where a file alone could be forced to disk once."""
    row = result.row(Setting(storage="sqlite"))
    fsync = result.limit(lambda x: x.fsync_per_s)
    return row.spread(lambda run: run.rate / fsync.median) if row and fsync else None


def _peers(result: Benchmark) -> list[str]:
    rows = [
        [
            f"{'one at a time' if row.mode == 'one' else row.mode}, {size_text(row.value_bytes)}",
            spread_text(row.rate()),
            *(_ms(row.latency_us(quantile)) for quantile in ("p50", "p99", "p99.9")),
            str(sum(run.failed for run in row.runs)),
        ]
        for row in result.peers
    ]
    return table(["peer", "values/s", "p50, ms", "p99, ms", "p99.9, ms", "failed"], rows)


def _stores(result: Benchmark) -> list[str]:
    rows = [
        [
            row.use.name,
            spread_text(row.rate()),
            *(_ms(row.latency_us(quantile)) for quantile in ("p50", "p99", "p99.9")),
            str(sum(run.failed for run in row.runs)),
        ]
        for row in result.stores
    ]
    return table(["use", "a second", "p50, ms", "p99, ms", "p99.9, ms", "failed"], rows)


# The cluster's tables.


def _speed(result: Benchmark, rows: list[Row]) -> list[str]:
    heads = ["setting", "values/s", "MB/s", "p50, ms", "p99, ms", "p99.9, ms", "of PySyncObj"]
    heads += ["of the raw stream", "in one-way delays", "traces", *_CHECK]
    return table(heads, [_speed_cells(result, row) for row in rows])


def _speed_cells(result: Benchmark, row: Row) -> list[str]:
    setting = row.setting
    rate = row.rate()
    megabytes = rate.median * setting.value_bytes / 1e6 if rate else None
    peer = result.peer("one" if setting.one_at_a_time else "pipelined", setting.value_bytes)
    peer_rate = peer.rate() if peer and setting.rate is None else None
    raw = result.limit(lambda x: x.large_mb_per_s)
    one_way = result.limit(lambda x: x.one_way_us) if setting.one_at_a_time else None
    p50 = row.latency_us("p50")
    return [
        setting.name,
        spread_text(rate),
        figure(megabytes),
        *(_ms(row.latency_us(quantile)) for quantile in ("p50", "p99", "p99.9")),
        f"{rate.median / peer_rate.median:.2g}×" if rate and peer_rate else "-",
        f"{megabytes / raw.median:.1%}" if megabytes and raw else "-",
        f"{p50.median / one_way.median:.1f}" if p50 and one_way else "-",
        _verdict(row),
        *_checking(row),
    ]


def _verdict(row: Row) -> str:
    checked = [run.checked for run in row.runs if run.checked]
    if not checked:
        return "not traced"
    return "conform" if all(one.conforms for one in checked) else "VIOLATE"


def _checking(row: Row) -> list[str]:
    """Seconds of checking for a second of the run, and events checked per second."""
    share = row.spread(lambda run: run.check_s_per_s)
    speed = row.spread(lambda run: run.checked.events_per_s if run.checked else None)
    return [figure(found.median if found else None) for found in (share, speed)]


def _cost(rows: list[Row]) -> list[str]:
    processes = [*ROLES, *(["replica"] if any(row.setting.replicas for row in rows) else [])]
    heads = ["setting", *(f"CPU s/M values, {name}s" for name in processes)]
    heads += [f"MiB, {name}" for name in processes]
    heads += ["datagrams/1000", "heard/1000", "repeated/1000", "asked/1000", "buffer drops"]
    heads += ["wake-ups a value", "system calls a value"]
    return table(heads, [_cost_cells(row, processes) for row in rows])


def _cost_cells(row: Row, processes: Sequence[str]) -> list[str]:
    cells = [row.setting.name]
    for role in processes:
        found = row.spread(lambda run, role=role: run.cpu_s.get(role))  # type: ignore[misc]
        cells.append(figure(found.median if found else None))
    for role in processes:
        found = row.spread(lambda run, role=role: run.rss_mib.get(role))  # type: ignore[misc]
        cells.append(figure(found.most if found else None))
    for what in ("datagrams", "heard", "repeated", "asked"):
        found = row.spread(lambda run, what=what: getattr(run, what))  # type: ignore[misc]
        cells.append(figure(found.median if found else None))
    drops = {role: sum(run.drops.get(role, 0) for run in row.runs) for role in processes}
    cells.append(", ".join(f"{n} {role}" for role, n in drops.items() if n) or "0")
    woken = row.spread(lambda run: run.wakeups) if row.setting.one_at_a_time else None
    return [*cells, figure(woken.median if woken else None), figure(row.system_calls)]


# The long runs.


def _flat(result: Benchmark) -> list[str]:
    heads = ["run", "values", *(f"{n}/10" for n in range(1, 11)), "last / first", "traces"]
    heads += _CHECK
    rows = []
    for number, flat in enumerate(result.flat, 1):
        rates = [figure(rate) for rate in flat.tenths]
        ratio = _percent(flat.tenths[-1], flat.tenths[0])
        row = Row(schedule.USUAL, [flat.run])  # for its cells only
        rows.append([str(number), f"{flat.run.values:,}", *rates, ratio])
        rows[-1] += [_verdict(row), *_checking(row)]
    memory = [[role, *_memory_cells(result, role)] for role in ROLES]
    heads_of_memory = ["MiB resident", *(f"at {n}0 %" for n in range(1, 11))]
    return [
        "Values per second in each tenth of the values:",
        "",
        *table(heads, rows),
        "",
        "Memory of the largest process of each role, first run:",
        "",
        *table(heads_of_memory, memory),
    ]


def _memory_cells(result: Benchmark, role: str) -> Iterator[str]:
    readings = result.flat[0].memory.get(role, [])
    for n in range(1, 11):
        until_s = readings[-1][0] * n / 10 if readings else 0.0
        yield figure(next((mib for at_s, mib in readings if at_s >= until_s), None))


def _late(late: list[Late]) -> list[str]:
    heads = ["run", "values behind", "live before, values/s", "live during", "catch-up"]
    heads += ["catch-up / live", "live during / before", "caught up", "traces"]
    rows = [
        [
            str(number),
            f"{one.behind:,}",
            *(figure(rate) for rate in (one.live_before, one.live_during, one.catch_up)),
            *(_percent(a, one.live_before) for a in (one.catch_up, one.live_during)),
            "yes" if one.caught_up else "NO",
            "conform" if one.checked and one.checked.conforms else "VIOLATE",
        ]
        for number, one in enumerate(late, 1)
    ]
    return table(heads, rows)


def _stateful(runs: list[Stateful]) -> list[str]:
    numbered = list(enumerate(runs, 1))
    heads = ["run", "values", "state, MiB", "values/s", "with snapshots", "longest wait, ms"]
    heads += ["with snapshots", "checkpoints", "late one there, s", "back, s", "after values"]
    rows = [
        [
            *(str(number), f"{one.values:,}", str(one.state_bytes >> 20)),
            *map(figure, (one.rate_without, one.rate, one.longest_without_ms, one.longest_ms)),
            *(str(one.checkpoints), figure(one.installed_s), figure(one.start_up_s)),
            f"{one.start_up_values:,}",
            "conform" if all(checked.conforms for checked in one.checked) else "VIOLATE",
        ]
        for number, one in numbered
    ]
    reads = [
        [str(number), *map(figure, (one.reads_per_s, one.unbatched_rate, one.one_read_us))]
        for number, one in numbered
    ]
    waits = [[str(number), *(_wait(one, phase) for phase in PHASES)] for number, one in numbered]
    heads_of_reads = ["run", "reads/s", "values/s without batching", "one read, µs"]
    return [
        *table([*heads, "traces"], rows),
        "",
        *table(["longest wait, ms", *PHASES], waits),
        "",
        *table(heads_of_reads, reads),
    ]


def _wait(one: Stateful, phase: str) -> str:
    return figure(one.waits_ms[phase]) if phase in one.waits_ms else "-"


def _percent(part: float | None, whole: float) -> str:
    return f"{part / whole:.0%}" if part is not None and whole else "-"


def _ms(found: Spread | None) -> str:
    return spread_text(found, ms)
