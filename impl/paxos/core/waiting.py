"""What a role waits for, in words for the user. Nothing of the protocol depends on it.

A role is asked now and then (`Role.waits_for`), and answers from what it knows at that moment. How
long that lasts, and when to speak of it, is the runtime's (`paxos.runtime.waiting`).
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from paxos.core.settings import Settings


class Wait(NamedTuple):
    """What a role cannot go on without."""

    kind: Hashable
    """What must change for it to be said again."""
    progress: Hashable
    """What changes whenever the role gets on: as long as it does, this is work and not a wait."""
    text: str
    """To follow "waits for"."""


def for_quorum(
    settings: Settings,
    promised: Mapping[int, Collection[int]],
    voted: Mapping[int, Collection[int]],
) -> Wait | None:
    """A leader waits for a quorum: who has voted, by instance, or who has promised, by the first
    instance that was asked for."""
    if not promised and not voted:
        return None
    first, answered = min((voted or promised).items())
    what = f"votes in instance {first}" if voted else f"promises from instance {first} on"
    missing = [a for a in range(1, settings.acceptors + 1) if a not in answered]
    kind = what.split()[0], tuple(missing)
    needed = settings.quorum2 if voted else settings.quorum1
    text = (
        f"{what} of {needed} acceptors: {_acceptors(answered)} answered, {_acceptors(missing)} not"
    )
    return Wait(kind, (what, first), text)


def for_instance(
    settings: Settings, instance: int, voted: Collection[int], trimmed: Collection[int]
) -> Wait:
    """A learner waits for the next instance, which was begun."""
    if not settings.direct_learning:
        told = "a proposer to say what is chosen"
    else:
        silent = [
            a for a in range(1, settings.acceptors + 1) if a not in voted and a not in trimmed
        ]
        told = (
            f"{settings.quorum2} acceptors to tell the same vote: {_acceptors(voted)} told one, "
            f"{_acceptors(silent)} none"
        )
    kind = "instance", tuple(sorted(voted)), tuple(sorted(trimmed))
    gone = (
        f"; {_acceptors(trimmed)} cannot tell any more, since every learner had delivered it "
        "(take the output of another learner if the others stay away)"
        if trimmed
        else ""
    )
    return Wait(kind, instance, f"instance {instance}, for {told}{gone}")


def in_vain(settings: Settings, instance: int, gone: Sequence[int]) -> str:
    """Why a learner cannot go on: so many acceptors have trimmed up to where `gone` says, the
    furthest first, that the rest is no quorum. And it can have nobody's checkpoint."""
    advice = (
        "take the output of another learner (an application that is a state machine takes the "
        "checkpoint of another learner by itself)"
        if settings.checkpoints
        else "take the output of another learner, and let learners keep checkpoints (a larger "
        "`retain_instances` lets a learner that starts again catch up from further back)"
    )
    return (
        f"instances {instance} to {gone[-1]} are gone: {len(gone)} of {settings.acceptors} "
        f"acceptors have trimmed them, since no learner was to need them; {advice}"
    )


def for_snapshot(instance: int, giver: int, share: float) -> Wait:
    """A learner takes the checkpoint of another one, `share` of which is here."""
    if not giver:
        text = f"a learner that has instance {instance} in a checkpoint, as acceptors have it not"
        return Wait("snapshot", instance, text)
    text = f"the checkpoint of learner {giver}, of which it has {share:.0%}"
    return Wait(("snapshot", giver), share, text)


def for_answers(settings: Settings, query: int, answered: Collection[int]) -> Wait:
    """A learner waits for a quorum to say up to where it has voted, before it reads."""
    silent = [a for a in range(1, settings.acceptors + 1) if a not in answered]
    text = (
        f"answers of {settings.quorum1} acceptors, to read: {_acceptors(answered)} answered, "
        f"{_acceptors(silent)} not"
    )
    return Wait(("answers", tuple(silent)), query, text)


def for_deliveries(first: int, values: int) -> Wait:
    """A client waits until a learner says that it has delivered what was broadcast."""
    text = f"word of {values} values, that a learner has delivered them, and goes on sending them"
    return Wait("deliveries", first, text)


def _acceptors(numbers: Iterable[int]) -> str:
    """Acceptors by number, or none."""
    listed = [str(n) for n in sorted(numbers)]
    return f"acceptor{'s' * (len(listed) > 1)} {', '.join(listed)}" if listed else "none"
