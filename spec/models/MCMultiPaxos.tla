----------------------------- MODULE MCMultiPaxos -----------------------------
(***************************************************************************)
(* Models of MultiPaxos: constants, reductions, and mutants.  Each .cfg of *)
(* this folder that names them says which.                                 *)
(***************************************************************************)
EXTENDS MultiPaxos, TLC

CONSTANTS v1, v2, a1, a2, a3, l1, l2

OneValue       == {v1}
TwoValues      == {v1, v2}
OneAcceptor    == {a1}
ThreeAcceptors == {a1, a2, a3}
OneLearner     == {l1}
TwoLearners    == {l1, l2}

(* The least majorities are enough: what a larger quorum allows, one of the
   least majorities within it allows too (the one that holds its highest vote). *)
Majorities ==
    {Q \in SUBSET Acceptor : 2 * Cardinality(Q) \in
        {Cardinality(Acceptor) + 1, Cardinality(Acceptor) + 2}}

(* Values, acceptors and learners are interchangeable; ballots are not. *)
Symmetry == Permutations(Value) \cup Permutations(Acceptor)
                \cup Permutations(Learner)

-----------------------------------------------------------------------------
(* Reductions, used as action constraints.  They lose no reachable state but
   for those that differ in what is still to come: no guard needs a value, a
   1a, a 1b, a Decide or a delivery to be absent, so one that is there early
   only allows more.  The small models are also run without them. *)

(* A step that changes nothing (a message sent again, a recovery) need not be
   looked at. *)
Moves == vars' # vars

(* Values are broadcast, and every 1a is sent, before the rest.  With
   PrepareAhead the 1a for all instances stands for all others: it may be
   answered in parts. *)
Requests ==
    {[type |-> "1a", bal |-> b, from |-> r[1], to |-> r[2]] : b \in Ballot,
        r \in IF PrepareAhead THEN {<<1, Instances>>}
              ELSE {<<i, i>> : i \in Instance}}

RequestsFirst ==
    \/ broadcast = Value /\ Requests \subseteq msgs
    \/ broadcast' # broadcast
    \/ broadcast = Value /\ \E m \in Requests \ msgs : m \in msgs'

(* A 1a is answered whole, not in parts. *)
AnsweredWhole == msgs' = msgs \/ \A m \in msgs' \ msgs :
    m.type = "1b" =>
        [type |-> "1a", bal |-> m.bal, from |-> m.from, to |-> m.to] \in msgs

(* What was chosen is decided in the next step, and what was learned is
   delivered in the next steps. *)
DecideAtOnce ==
    LET due == IF DirectLearning THEN {}
               ELSE {m \in [type : {"Decide"}, bal : Ballot, inst : Instance] :
                        m \notin msgs /\ \E Q \in Quorum :
                            \A a \in Q : HasVoted(a, m.bal, m.inst)}
    IN  due = {} \/ \E m \in due : m \in msgs'

DeliverAtOnce ==
    LET due == {l \in Learner : prefix[l] < Instances
                    /\ learned[l][prefix[l] + 1] # NoVote}
    IN  due = {} \/ \E l \in due : prefix'[l] # prefix[l]

(* Every acceptor promises ballot 1 before anything is proposed.  It gives up
   nothing by that, for there is no lower ballot, and it has no vote yet. *)
FirstPromises ==
    \/ ~ (Requests \subseteq msgs)
    \/ \A a \in Acceptor, i \in Instance : Promises(a, 1, i) # {}
    \/ \E m \in msgs' \ msgs : m.type = "1b" /\ m.bal = 1

(* Learners learn after the highest ballot has run its full course, which it
   always can.  What a learner may do stays possible, with the same effect:
   messages stay, and the votes in them. *)
LearnLast ==
    \/ learned' = learned
    \/ \A a \in Acceptor, i \in Instance : HasVoted(a, Rounds * Proposers, i)

(* A ballot proposes in instance i only after instance i - 1.  This one does
   lose behaviours: a proposer that proposes out of order. *)
InOrder == \A m \in msgs' \ msgs :
    m.type = "2a" /\ m.inst > 1 => Accepts(m.bal, m.inst - 1) # {}

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Quorum: one acceptor is enough. *)
Minorities == {{a} : a \in Acceptor}

(* Proposable: whatever was reported, the leader's own batch. *)
OwnBatch(batch, b, i, Q) == MayPropose(batch, i)

(* MayPropose: also values that nobody broadcast. *)
Invented(batch, i) == batch = NoOp => Reached(i)

(* IsHighest: the batch of the lowest vote, or of any. *)
IsLowest(w, reported) == \A x \in reported : w[1] <= x[1]
IsAny(w, reported)    == TRUE

(* Promises: a promise of an older ballot is counted too. *)
StalePromises(a, b, i) ==
    {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal <= b /\ Covers(m, i)}

(* Covers: a promise is taken to speak of all later instances too. *)
CoversFuture(m, i) == m.from <= i

(* VotesOf: the report skips the instances after the first. *)
VotesOfFirst(a, from, to) ==
    {<<i, vote[a][i][1], vote[a][i][2]>> :
        i \in {j \in {from} : vote[a][j] # NoVote}}

(* VotedTogether: votes for the batch of ballot b, in any ballots. *)
VotedApart(Q, b, i) ==
    /\ Accepts(b, i) # {}
    /\ \A a \in Q : \E c \in Ballot :
           HasVoted(a, c, i) /\ BatchOf(c, i) = BatchOf(b, i)

(* MayVote, MayPromise: also below the promise. *)
VoteAnyway(a, b)    == TRUE
PromiseAnyway(a, b) == TRUE

(* VotePromises: a vote leaves the promise as it is, or passes it by one. *)
VoteKeepsPromise(a, b) == promised' = promised
VotePromisesNext(a, b) == promised' = [promised EXCEPT ![a] = b + 1]

(* Recover: the promise was not stored; the votes were, and stand for it. *)
HighestVote(a) ==
    CHOOSE b \in {vote[a][i][1] : i \in Instance} :
        \A i \in Instance : vote[a][i][1] <= b

PromiseLost(a) ==
    /\ promised' = [promised EXCEPT ![a] = HighestVote(a)]
    /\ UNCHANGED <<broadcast, msgs, vote, learnerVars, historyVars>>

(* Recover: the votes were not stored. *)
VoteLost(a) ==
    /\ vote' = [vote EXCEPT ![a] = [i \in Instance |-> NoVote]]
    /\ UNCHANGED <<broadcast, msgs, promised, learnerVars, historyVars>>

(* Unused: a ballot may be used again in an instance. *)
UsedAgain(b, i) == TRUE

(* IsNext: a gap may be skipped. *)
GapSkipped(l, i) == i > prefix[l]

(* AppendNew: duplicates are not dropped. *)
AppendAll(s, batch) == s \o batch
==============================================================================
