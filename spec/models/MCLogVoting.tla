----------------------------- MODULE MCLogVoting -----------------------------
(***************************************************************************)
(* Models of LogVoting: symmetry, reductions and mutants.  Each .cfg of    *)
(* this folder that names them says which.                                 *)
(*                                                                         *)
(* The sets of a model are written out in its .cfg.  Its quorums are the   *)
(* least majorities: what a larger quorum allows, a least majority within  *)
(* it allows too (one that holds its highest vote).                        *)
(***************************************************************************)
EXTENDS LogVotingInductive, TLC

(* Values, acceptors and learners are interchangeable; ballots are not. *)
Symmetry == Permutations(Value) \cup Permutations(Acceptor)
                \cup Permutations(Learner)

(* With FIFO, values are not. *)
SymmetryFifo == Permutations(Acceptor) \cup Permutations(Learner)

(* Where some learners keep checkpoints, these are among themselves. *)
SymmetryKeeps == Permutations(Value) \cup Permutations(Acceptor)
                     \cup Permutations(Keeps) \cup Permutations(Learner \ Keeps)

(* Later, for sessions, where values are numbers, and of one client: 11 and 12 are
   of its first incarnation, 21 of the second. *)
TensAbove(v) == {w \in Value : w \div 10 > v \div 10}

(* Before, for FIFO, where values are numbers: those in a row are of one client,
   so that 11 and 12 are, and 21 is of another. *)
OneBelow(v) == {v - 1} \cap Value

-----------------------------------------------------------------------------
(* Reduced is Spec with values broadcast, and ballot 1 promised, before the
   rest, and with what was learned delivered at once.  Nothing is lost: no
   guard needs a value not to be broadcast, there is no ballot below 1 that a
   promise could exclude, and a delivery stays possible with the same effect; or
   if its learner restarts before it, it is as if it had not learned it.
   A promise in several scopes is as many promises in one. *)
DueDeliveries == {l \in Learner : prefix[l] < Instances
                                  /\ learned[l][prefix[l] + 1] # NoVote}

DuePromises == {a \in Acceptor : \A s \in Scopes : promised[a][s] = 0}

(* LearnNow: learners learn in any state. *)
LearnNow == TRUE

(* Or after the highest ballot has run its full course, which it always can:
   what a learner may learn stays possible, with the same effect. *)
LearnLast == \A a \in Acceptor, i \in Instance :
    \E w \in votes[a][i] : \A b \in Ballot : w[1] >= b

ReducedNext ==
    IF broadcast # Value THEN \E v \in Value : Broadcast(v)
    ELSE IF DuePromises # {} THEN \E a \in DuePromises : Promise(a, 1, Scopes)
    ELSE IF DueDeliveries # {}
    THEN \E l \in DueDeliveries, i \in Instance : Deliver(l, i)
    ELSE \/ \E a \in Acceptor, b \in Ballot, s \in Scopes : Promise(a, b, {s})
         \/ \E a \in Acceptor, b \in Ballot, i \in Instance, batch \in Batch,
               Q \in Quorum1 :
                <<b, batch>> \notin votes[a][i] /\ Vote(a, b, i, batch, Q)
         \/ /\ LearnNow
            /\ \/ \E l \in Learner, b \in Ballot, i \in Instance, batch \in Batch,
                     Q \in Quorum2 : Learn(l, b, i, batch, Q)
               \/ \E l \in Learner : Restart(l)
               \/ \E l \in Learner, i \in Instance : InstallSnapshot(l, i)

Reduced == Init /\ [][ReducedNext]_vars

(* MayStart, in order: a batch only when the instance before has a vote, and a
   no-op only below an instance that has one.  This does lose behaviours, those
   out of order; some model is always run without it. *)
InOrder(batch, i) ==
    /\ Range(batch) \subseteq broadcast
    /\ IF i = 1 THEN TRUE ELSE \E a \in Acceptor : votes[a][i - 1] # {}
    /\ batch = NoOp => i < Instances

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Safe: whatever was voted for, any broadcast batch. *)
OwnBatch(batch, b, i, Q) == MayStart(batch, i)

(* MayStart: also values that nobody broadcast. *)
Invented(batch, i) == TRUE

(* IsHighest: the batch of the lowest vote, or of any. *)
IsLowest(w, ws) == \A x \in ws : w[1] <= x[1]
IsAny(w, ws)    == TRUE

(* VotedTogether: votes for the batch, in any ballots. *)
VotedApart(Q, b, i, batch) ==
    \A a \in Q : \E c \in Ballot : <<c, batch>> \in votes[a][i]

(* Promised: in whichever instance. *)
PromisedElsewhere(Q, b, i) == \A c \in Q : \E s \in Scopes : promised[c][s] >= b

(* MayVote: also below the promise. *)
VoteAnyway(a, b, i) == TRUE

(* VotePromises: a vote leaves the promise as it is. *)
VoteKeepsPromise(a, b, i) == promised' = promised

(* OneBatchIn: a ballot may have two batches in an instance. *)
AnyBatchIn(b, i, batch) == TRUE

(* IsNext: a gap may be skipped. *)
GapSkipped(l, i) == i > prefix[l]

(* NewOf: duplicates are not dropped. *)
AllOf(table, batch) == batch

(* InTurn: any value may come first. *)
AnyTurn(v, S) == TRUE

(* NewOf: the value before it is before it in the batch, though that one may have
   been passed over. *)
NewAfterPassed(table, batch) ==
    LET turn(k) == InTurn(batch[k], table \cup {batch[j] : j \in 1..(k - 1)})
        new == {k \in DOMAIN batch : batch[k] \notin table /\ turn(k)}
    IN  SelectSeq(batch, LAMBDA v : \E k \in new : batch[k] = v)

(* StandsAt: where a learner is that has delivered one instance more. *)
StandsAhead(l, i) ==
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' = [delivered EXCEPT ![l] =
           OrderUpTo(chosen, IF i = 0 THEN 0 ELSE i - 1)]

(* InstallSnapshot: instances in which nothing is chosen yet may be passed. *)
InstalledOverGap(l, i) ==
    /\ l \in Keeps
    /\ i > prefix[l]
    /\ StandsAt(l, i)
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

(* InstallSnapshot: also a learner that keeps no checkpoints. *)
InstalledByAnybody(l, i) ==
    /\ i > prefix[l]
    /\ \A j \in 1..i : chosen[j] # {}
    /\ StandsAt(l, i)
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

(* NewOf: whatever is chosen, is passed over. *)
NothingNew(table, batch) == << >>
==============================================================================
