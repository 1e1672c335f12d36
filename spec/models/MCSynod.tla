------------------------------- MODULE MCSynod -------------------------------
(***************************************************************************)
(* Models of Synod: constants, reductions, and mutants.  Each .cfg of this *)
(* folder that names them says which.                                      *)
(***************************************************************************)
EXTENDS Synod, TLC

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
(* Reductions, used as action constraints.  Both lose no reachable state but
   for those that differ in requests or decisions still to come: no guard
   needs a value, a 1a or a Decide to be absent, so one that is there early
   only allows more.  The tiny models are also run without them. *)

(* A step that changes nothing (a message sent again, a recovery) need not be
   looked at. *)
Moves == vars' # vars

(* Values are broadcast, and the 1a of every ballot is sent, before the rest. *)
RequestsFirst ==
    LET Request(b) == [type |-> "1a", bal |-> b]
    IN  \/ broadcast = Value /\ \A b \in Ballot : Request(b) \in msgs
        \/ broadcast' # broadcast
        \/ broadcast = Value
           /\ \E b \in Ballot : Request(b) \in msgs' /\ Request(b) \notin msgs

(* Every acceptor promises ballot 1 before anything is proposed.  It gives up
   nothing by that, for there is no lower ballot, and it has no vote yet. *)
FirstPromises ==
    \/ \E b \in Ballot : [type |-> "1a", bal |-> b] \notin msgs
    \/ \A a \in Acceptor : Promises(a, 1) # {}
    \/ \E m \in msgs' \ msgs : m.type = "1b" /\ m.bal = 1

(* What was chosen is decided in the next step. *)
DecideAtOnce ==
    LET Decision(b) == [type |-> "Decide", bal |-> b]
        due == {b \in Ballot : Decision(b) \notin msgs
                    /\ \E Q \in Quorum : \A a \in Q : HasVoted(a, b)}
    IN  due = {} \/ \E b \in due : Decision(b) \in msgs'

(* Learners learn after the highest ballot has run its full course, which it
   always can.  What a learner may do stays possible, with the same effect:
   messages stay, and the votes in them. *)
LearnLast ==
    \/ learned' = learned
    \/ \A a \in Acceptor : HasVoted(a, Rounds * Proposers)

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Quorum: one acceptor is enough. *)
Minorities == {{a} : a \in Acceptor}

(* MayPropose of Proposable: whatever was reported, the leader's own value. *)
OwnValue(v, b, Q) == MayPropose(v)

(* MayPropose: also a value that nobody broadcast. *)
Invented(v) == TRUE

(* IsHighest: the value of the lowest vote, or of any. *)
IsLowest(w, reported) == \A x \in reported : w[1] <= x[1]
IsAny(w, reported)    == TRUE

(* Promises: a promise of an older ballot is counted too. *)
StalePromises(a, b) ==
    {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal <= b}

(* VotedTogether: votes for the value of ballot b, in any ballots. *)
VotedApart(Q, b) ==
    /\ Accepts(b) # {}
    /\ \A a \in Q : \E c \in Ballot : HasVoted(a, c) /\ ValueOf(c) = ValueOf(b)

(* MayVote, MayPromise: also below the promise. *)
VoteAnyway(a, b)    == TRUE
PromiseAnyway(a, b) == TRUE

(* VotePromises: a vote leaves the promise as it is, or passes it by one. *)
VoteKeepsPromise(a, b) == promised' = promised
VotePromisesNext(a, b) == promised' = [promised EXCEPT ![a] = b + 1]

(* Recover: the promise was not stored; the vote was, and stands for it. *)
PromiseLost(a) ==
    /\ promised' = [promised EXCEPT ![a] = vote[a][1]]
    /\ UNCHANGED <<broadcast, msgs, vote, learned, votes>>

(* Recover: the vote was not stored. *)
VoteLost(a) ==
    /\ vote' = [vote EXCEPT ![a] = NoVote]
    /\ UNCHANGED <<broadcast, msgs, promised, learned, votes>>

(* Unused: a ballot may be used again. *)
UsedAgain(b) == TRUE
==============================================================================
