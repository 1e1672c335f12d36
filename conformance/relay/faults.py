"""The rules that hold at a moment, and what has been counted of each link.

A partition comes before every rule. Of the rules that match a link and a message the latest holds,
alone; rules that a step added hold until `heal`, those of the schedule's `links` always.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from msgspec import UNSET

from conformance.relay.fate import Fate, draws, fate
from conformance.relay.schedule import MAX_RULES, Rule, Schedule

NOTHING = Rule()
LOSE = Rule(loss=1)
STALL = Rule(stall=True)


@dataclass
class Faults:
    """What the links of a cluster do at the moment."""

    seed: int
    tcp: bool
    always: tuple[Rule, ...]
    messages: Mapping[str, bytes]
    added: list[Rule] = field(default_factory=list)
    group: dict[str, int] = field(default_factory=dict)
    """Who is in which part of the network; whoever is in none talks to all."""
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(from, to, what): how often."""
    healed: list[Callable[[], None]] = field(default_factory=list)
    """Called when the rules have changed."""

    @classmethod
    def of(cls, schedule: Schedule) -> Faults:
        return cls(schedule.seed, schedule.protocol == "tcp", schedule.links, schedule.messages)

    def add(self, rule: Rule) -> None:
        """Let a rule hold until `heal`. Raises `ValueError` if there are too many."""
        if len(self.added) >= MAX_RULES:
            raise ValueError(f"{MAX_RULES} rules hold already; heal before there are more")
        self.added.append(rule)
        self._changed()

    def partition(self, groups: tuple[tuple[str, ...], ...]) -> None:
        self.group = {name: k for k, group in enumerate(groups) for name in group}
        self._changed()

    def heal(self, what: str | None = None) -> None:
        """End the partition, or the rules that were added (`links`), or both."""
        if what != "partition":
            self.added.clear()
        if what != "links":
            self.group.clear()
        self._changed()

    def _changed(self) -> None:
        for tell in self.healed:
            tell()

    def parted(self, source: str, to: str) -> bool:
        here, there = self.group.get(source), self.group.get(to)
        return None not in (here, there) and here != there

    def rule(self, source: str, to: str, data: bytes = b"") -> Rule:
        """The rule for what goes from `source` to `to`."""
        if self.parted(source, to):
            return STALL if self.tcp else LOSE
        for rules in (self.added, self.always):
            for rule in reversed(rules):
                if rule.matches(source, to) and self._is_about(rule, data):
                    return rule
        return NOTHING

    def _is_about(self, rule: Rule, data: bytes) -> bool:
        return rule.message is UNSET or self.messages[rule.message] in data

    def next(self, source: str, to: str, data: bytes) -> tuple[Rule, Fate]:
        """The rule and the fate of the next datagram of a link."""
        self.count(source, to, "received")
        rule = self.rule(source, to, data)
        number = self.counts[source, to, "received"]
        return rule, fate(rule, draws(self.seed, source, to, number))

    def count(self, source: str, to: str, what: str) -> None:
        self.counts[source, to, what] += 1

    def summary(self) -> list[str]:
        """A line for each link that carried something."""
        lines = []
        links = dict.fromkeys((source, to) for source, to, _ in self.counts)
        for link in sorted(links):
            found = {what: n for (*ends, what), n in self.counts.items() if tuple(ends) == link}
            said = ", ".join(f"{n} {what}" for what, n in found.items())
            lines.append(f"{link[0]} -> {link[1]}: {said}")
        return lines
