----------------------------- MODULE MCVotingLive -----------------------------
(***************************************************************************)
(* Models of VotingLive: mutants.  Each .cfg of this folder that names one *)
(* says which.  No symmetry: TLC's search for cycles does not allow it.    *)
(***************************************************************************)
EXTENDS VotingLive

(* Insists: the client sends its value once, and nobody hears it. *)
GivesUp(v) == FALSE
===============================================================================
