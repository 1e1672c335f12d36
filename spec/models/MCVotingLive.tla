----------------------------- MODULE MCVotingLive -----------------------------
(***************************************************************************)
(* Models of VotingLive: mutants.  Each .cfg of this folder that names one *)
(* says which.  No symmetry: TLC's search for cycles does not allow it.    *)
(***************************************************************************)
EXTENDS VotingLive

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Insists: the client sends its value once, and nobody hears it. *)
GivesUp(v) == FALSE

(* Crash: the promise is lost. *)
CrashForgets(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ promised' = [promised EXCEPT ![a] = 0]
    /\ UNCHANGED <<broadcast, votes, learned, heard>>
===============================================================================
