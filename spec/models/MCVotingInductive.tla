-------------------------- MODULE MCVotingInductive ---------------------------
(***************************************************************************)
(* Models of VotingInductive: larger sets of states to start in, and a     *)
(* conjunct left out.  Each .cfg of this folder that names them says       *)
(* which.                                                                  *)
(***************************************************************************)
EXTENDS VotingInductive, TLC, Randomization

(* SomeVotes: the same, found quicker: first the value of each ballot, then who
   voted. *)
VotesByBallot == {[a \in Acceptor |-> {<<b, val[b]>> : b \in voted[a]}] :
    val \in [Ballot -> Value], voted \in [Acceptor -> SUBSET Ballot]}

(* SomeVotes: of these, so many at random. *)
RandomVotes == {[a \in Acceptor |-> {<<b, val[b]>> : b \in voted[a]}] :
    val \in [Ballot -> Value],
    voted \in RandomSubset(25, [Acceptor -> SUBSET Ballot])}

(* A state that a step led to, where a model starts in some of its states only:
   TLC takes one step then. *)
FirstStep == TLCGet("level") < 2

(* In place of a conjunct. *)
LeftOut == TRUE
===============================================================================
