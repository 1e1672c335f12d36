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

(* PromiseTop, VoteTop: a Prepare or an Accept is sent once, and lost.  LearnTop:
   so are votes, and nobody asks.  (Fairness of what is never possible asks for
   nothing; the step may still happen, as any other.) *)
NeverPromises(a) == FALSE /\ PromiseUp(a, Top)
NeverVotes(a)    == FALSE /\ (\E v \in Value, Q \in Quorum1 : VoteUp(a, Top, v, Q))
NeverHears(l)    == FALSE /\ (\E v \in Value, Q \in Quorum2 : LearnAny(l, Top, v, Q))

(* Crash: the promise is lost. *)
CrashForgets(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ promised' = [promised EXCEPT ![a] = 0]
    /\ UNCHANGED <<broadcast, votes, learned, heard>>
===============================================================================
