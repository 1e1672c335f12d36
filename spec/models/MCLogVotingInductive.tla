------------------------- MODULE MCLogVotingInductive -------------------------
(***************************************************************************)
(* Models of LogVotingInductive: other sets of states to start in, and a   *)
(* conjunct left out.  Each .cfg of this folder that names them says       *)
(* which.                                                                  *)
(***************************************************************************)
EXTENDS LogVotingInductive, TLC, Randomization

(* SomeVotes: the same, found quicker: first the batch of each ballot in each
   instance, then who voted. *)
Cast(batch, voted) == [a \in Acceptor |-> [i \in Instance |->
    {<<b, batch[b][i]>> : b \in {c \in Ballot : <<c, i>> \in voted[a]}}]]

VotesByBallot == {Cast(batch, voted) :
    batch \in [Ballot -> [Instance -> Batch]],
    voted \in [Acceptor -> SUBSET (Ballot \X Instance)]}

(* SomeVotes: of these, some at random. *)
RandomVotes == {Cast(batch, voted) :
    batch \in RandomSubset(6, [Ballot -> [Instance -> Batch]]),
    voted \in RandomSubset(6, [Acceptor -> SUBSET (Ballot \X Instance)])}

(* A state that a step led to, where a model starts in some of its states only:
   TLC takes one step then. *)
FirstStep == TLCGet("level") < 2

(* In place of a conjunct. *)
LeftOut == TRUE
===============================================================================
