"""What an action of a specification is to the checker: named guards, an effect, invariants to
look at.

No rule of any specification lives here; multipaxos.py and synod.py have those. A guard looks and
never changes anything, an effect changes the state and asks nothing: so the same rules replay a
trace and enumerate a transition system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

# On whose events a rule depends besides the actor's: (role, id), or ("client", "id.incarnation").
Need = tuple[str, int | str]


@dataclass(frozen=True)
class Fault:
    """A guard or an invariant is false: what it expects, what is the case, and whose events could
    have made it true."""

    expected: str
    actual: str
    needs: tuple[Need, ...] = ()


# (state, actor, event) -> None if it holds. The actor is an acceptor's or proposer's id, or a
# learner's or client's "id.incarnation".
Check = Callable[[Any, Any, Any], Fault | None]
Effect = Callable[[Any, Any, Any], None]


@dataclass(frozen=True)
class Rule:
    """A guard or an invariant: its name, and what it says in words. Its text stands in the
    specification: a guard's is the conjunct that has its name as label (`promises::` in Phase2a),
    an invariant's the definition of that name.

    `contract`: the specification's own actions allow what this forbids; see contract.py. `at`: the
    conjuncts that a guard stands for, where its own name is no label: "Trim.delivered"."""

    name: str
    words: str
    check: Check
    contract: bool = False
    at: tuple[str, ...] = ()

    def labels(self, action: str) -> tuple[str, ...]:
        """The conjuncts that it stands for as a guard of this action, as "Phase2a.promises"."""
        return self.at or (f"{action}.{self.name.replace(' ', '_')}",)


@dataclass(frozen=True)
class Action:
    """One action. The guards are in the order of its conjuncts in the specification; the invariants
    are those that the action could make false."""

    name: str
    guards: tuple[Rule, ...]
    effect: Effect
    invariants: tuple[Rule, ...]

    def refused(self, state: Any, actor: Any, event: Any) -> tuple[Rule, Fault] | None:
        """The first guard that is false; None if the action is enabled."""
        for guard in self.guards:
            fault = guard.check(state, actor, event)
            if fault is not None:
                return guard, fault
        return None

    def broken(self, state: Any, actor: Any, event: Any) -> tuple[Rule, Fault] | None:
        """The first invariant that is false after the effect; None if they hold."""
        for invariant in self.invariants:
            fault = invariant.check(state, actor, event)
            if fault is not None:
                return invariant, fault
        return None

    def without(self, disabled: frozenset[str]) -> Action:
        """The same without some rules."""
        guards = tuple(g for g in self.guards if f"{self.name}.{g.name}" not in disabled)
        invariants = tuple(i for i in self.invariants if i.name not in disabled)
        return Action(self.name, guards, self.effect, invariants)


@dataclass(frozen=True)
class Spec:
    """The rules of one specification, and how its initial state is made."""

    name: str
    actions: dict[str, Action]
    initial: Callable[[Any, Any], Any]  # (constants, cluster) -> state
    inner: dict[str, Action] = field(default_factory=dict)
    """Actions that have no event of their own: what a recovered state shows beyond the trace."""
    incarnations: tuple[Rule, ...] = ()
    """Rules of all events, about which incarnation of a process takes them: "Life.order", ..."""

    def guards(self) -> set[str]:
        """The names of the guards and of the rules of incarnations."""
        found = {f"{a.name}.{g.name}" for a in self.actions.values() for g in a.guards}
        return found | {x.name for x in self.incarnations}

    def without(self, disabled: frozenset[str]) -> Spec:
        """The same without some rules, named "Action.guard" or "Invariant": to test the others."""
        every = (*self.actions.values(), *self.inner.values())
        known = self.guards() | {f"{a.name}.{g.name}" for a in every for g in a.guards}
        known |= {i.name for a in every for i in a.invariants}
        if disabled - known:
            raise ValueError(f"no such rule: {', '.join(sorted(disabled - known))}")
        return Spec(
            self.name,
            {name: a.without(disabled) for name, a in self.actions.items()},
            self.initial,
            {name: a.without(disabled) for name, a in self.inner.items()},
            tuple(x for x in self.incarnations if x.name not in disabled),
        )


def rule(
    name: str, words: str, *, contract: bool = False, at: tuple[str, ...] = ()
) -> Callable[[Check], Rule]:
    """Make the function below it the guard or the invariant of this name."""
    return lambda check: Rule(name, words, check, contract, at)
