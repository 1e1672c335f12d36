------------------------------ MODULE MCVoting ------------------------------
(***************************************************************************)
(* Models of Voting: symmetry and mutants.  Each .cfg of this folder that  *)
(* names them says which.                                                  *)
(*                                                                         *)
(* The sets of a model are written out in its .cfg.  Its quorums are the   *)
(* least majorities: what a larger quorum allows, a least majority within  *)
(* it allows too (one that holds its highest vote).                        *)
(***************************************************************************)
EXTENDS Voting, TLC

(* Values, acceptors and learners are interchangeable; ballots are not. *)
Symmetry == Permutations(Value) \cup Permutations(Acceptor)
                \cup Permutations(Learner)

(* Reduced is Spec with values broadcast before the rest.  No guard needs a
   value not to be broadcast. *)
ReducedNext ==
    IF broadcast # Value THEN \E v \in Value : Broadcast(v)
    ELSE \/ \E a \in Acceptor, b \in Ballot : Promise(a, b)
         \/ \E a \in Acceptor, b \in Ballot, v \in Value, Q \in Quorum1 :
                <<b, v>> \notin votes[a] /\ Vote(a, b, v, Q)
         \/ \E l \in Learner, b \in Ballot, v \in Value, Q \in Quorum2 :
                Learn(l, b, v, Q)

Reduced == Init /\ [][ReducedNext]_vars

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* QuorumsMeet: quorums of the two phases that do not meet may be chosen. *)
AnyQuorums == TRUE

(* Safe: whatever was voted for, any broadcast value, or any value at all. *)
OwnValue(v, b, Q) == v \in broadcast
Invented(v, b, Q) == VotesBelow(Q, b) = {} \/
    \E w \in VotesBelow(Q, b) : IsHighest(w, VotesBelow(Q, b)) /\ w[2] = v

(* IsHighest: the value of the lowest vote, or of any. *)
IsLowest(w, ws) == \A x \in ws : w[1] <= x[1]
IsAny(w, ws)    == TRUE

(* Promised: a promise of any ballot counts. *)
PromisedAny(Q, b) == \A c \in Q : promised[c] > 0

(* VotedTogether: votes for the value, in any ballots. *)
VotedApart(Q, b, v) == \A a \in Q : \E c \in Ballot : <<c, v>> \in votes[a]

(* MayVote: also below the promise. *)
VoteAnyway(a, b) == TRUE

(* VotePromises: a vote leaves the promise as it is, or passes it by one. *)
VoteKeepsPromise(a, b) == promised' = promised
VotePromisesNext(a, b) == promised' = [promised EXCEPT ![a] = b + 1]

(* OneValueIn: a ballot may have two values. *)
AnyValueIn(b, v) == TRUE
==============================================================================
