"""Where in the specification each rule of the Python model stands.

A rule of multipaxos.py or synod.py is a transcription; here it is tied to the conjunct that it
transcribes, as it stands in spec/ now. A test asks TLC for the false conjunct of each bad trace,
and it must be one of these.
"""

from __future__ import annotations

from conformance.tla.module import Conjunct
from conformance.tla.trace_spec import guards, invariants

QUORUM = "IsQuorum(q)"
NEW = "b > since[p]"

# By rule, how the conjuncts begin that it stands for: of the action in MultiPaxos.tla or Synod.tla,
# or of what TraceMultiPaxos.tla or TraceSynod.tla say of the event beside it.
BEGINNINGS: dict[str, tuple[str, ...]] = {
    "Broadcast.own": ("ClientOf(v)",),
    "Broadcast.fresh": ("v \\notin broadcast", "Overlapping("),
    "Phase1a.owner": ("Owner(b)",),
    "Phase1a.range": ("from <= to",),
    "Phase1a.instance": ("from = 1",),
    "Phase1a.prepare": ("MayPrepare(",),
    "Phase1a.wanted": ("broadcast #",),
    "Phase1b.range": ("from <= to",),
    "Phase1b.instance": ("from = 1",),
    "Phase1b.asked": ("\\E m \\in msgs", '[type |-> "1a"'),
    "Phase1b.promise": ("MayPromise(",),
    "Phase1b.trimmed": ("MayReport(",),
    "Phase1b.votes": ("AreVotesOf(", "list = ListOf("),
    "Phase2a.owner": ("Owner(b)",),
    "Phase2a.instance": ("i = 1",),
    "Phase2a.quorum": (QUORUM,),
    "Phase2a.batch": ("batch \\in Batch",),
    "Phase2a.value": ("IsOne(",),
    "Phase2a.once": ("Unused(",),
    "Phase2a.promises": ("\\A a \\in Q : Promises(",),
    "Phase2a.broadcast": ("Proposable(",),
    "Phase2a.gap": ("Proposable(",),
    "Phase2a.highest": ("Proposable(",),
    "Phase2b.instance": ("i = 1",),
    "Phase2b.proposed": ("Accepts(",),
    "Phase2b.promise": ("MayVote(",),
    "Phase2b.trimmed": ("Remembers(",),
    "Decide.instance": ("i = 1",),
    "Decide.quorum": (QUORUM,),
    "Decide.indirect": ("~DirectLearning",),
    "Decide.voted": ("VotedTogether(",),
    "Learn.instance": ("i = 1",),
    "Learn.quorum": ("IF DirectLearning", "q = <<"),
    "Learn.once": ("learned[l]",),
    "Learn.decided": ("MayLearn(", '[type |-> "Decide"'),
    "Learn.batch": ("BatchOf(", "batch = <<ValueOf("),
    "Deliver.next": ("IsNext(",),
    "Deliver.learned": ("learned[l][i] #",),
    "Deliver.values": ("AppendNew(",),
    "Deliver.position": ("position =",),
    "Trim.further": ("i > trimmed[a]",),
    "Trim.delivered": ("DeliveredEverywhere(",),
    "Phase1a.new": (NEW,),
    "Phase2a.new": (NEW,),
    "Life.order": ("life[x] <= n",),
    "Life.begins": ("n = life[x]", "MayReturn("),
    "Life.comes back": ("n > life[x]",),
    "Recover.one vote": ("OneEach(",),
    "Recover.round": ("used[p]",),
    "Recover.trimmed": ("trimmed[a] =", "FALSE"),
    "Recover.promise": ("promised[a] =",),
    "Recover.votes": (
        *("{<<v[1], v[2], v[3]>>", "list = ListOf(", "MayVote(", "Remembers("),
        "DeliveredEverywhere(",  # TLC looks first whether a vote that came back could be trimmed
    ),
    "Recover.new votes": (
        *("Accepts(", "MayVote(", "Remembers(", "{<<v[1], v[2], v[3]>>", "list = ListOf(", "i = 1"),
    ),
    "Recover.new promise": ("\\E m \\in msgs", '[type |-> "1a"'),
    "Recover.new trim": ("DeliveredEverywhere(",),
}
RECOVERIES = {
    "MultiPaxos": ("TakeRecover", "TakeRestart", "TakeUnseen", "TakePromise", "TakeTrim"),
    "Synod": ("TakeRecover", "TakeRestart", "TakePhase2b", "TakePromise", "TakeTrim"),
}


def places(spec: str, rule: str) -> tuple[Conjunct, ...]:
    """The conjuncts that the rule ("Action.rule", or an invariant's name) stands for."""
    module = f"Trace{spec}"
    action, dot, _ = rule.partition(".")
    if not dot:
        return tuple(c for c in invariants(module) if c.definition == rule)
    takes: tuple[str, ...] = RECOVERIES[spec] if action == "Recover" else (f"Take{action}",)
    if action == "Life":
        takes = ("TakeLife", "TakeReturn")
    every = [g.conjunct for take in takes for g in guards(module, take)]
    return tuple(c for start in BEGINNINGS[rule] for c in every if c.text.startswith(start))
