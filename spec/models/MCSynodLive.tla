----------------------------- MODULE MCSynodLive ------------------------------
(***************************************************************************)
(* Models of SynodLive: a reduction, and mutants.  Each .cfg of this       *)
(* folder that names them says which.  No symmetry: TLC's search for       *)
(* cycles does not allow it.                                               *)
(***************************************************************************)
EXTENDS SynodLive

(* Reduced is LiveSpec without behaviours that differ from one that it has only
   in the order of steps that do not see each other.
   - Values are broadcast, and ballot 1 is promised by all, before the rest: no
     guard needs these things not to have happened.
   - What happens in ballot 1 happens before the first acceptor promises Top:
     each acceptor does it before it promises Top itself, and nothing but that
     promise sees what it did.  The leader of ballot 1 decides nothing, which
     would be of no help to a property that may not rely on it.
   Ballots are 1 and 2. *)
Begun == \E m \in msgs : m.type = "1b" /\ m.bal = Top
Early == {a \in Acceptor : Promises(a, 1) = {}}

ReducedNext ==
    IF broadcast # Value
    THEN \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard>>
    ELSE IF [type |-> "1a", bal |-> 1] \notin msgs THEN Prepare(1)
    ELSE IF Early # {} THEN \E a \in Early : PromiseUp(a, 1)
    ELSE \/ /\ ~Begun
            /\ \/ \E v \in Value, Q \in Quorum1 : Propose(1, v, Q)
               \/ \E a \in Acceptor : VoteUp(a, 1)
         \/ \E v \in Value : Hear(v)
         \/ \E a \in Acceptor : Crash(a)
         \/ Prepare(Top)
         \/ \E a \in Acceptor : PromiseUp(a, Top)
         \/ ProposeTop
         \/ \E a \in Acceptor : VoteUp(a, Top)
         \/ DecideTop
         \/ \E l \in Learner : LearnAny(l, Top)

Reduced == LiveInit /\ [][ReducedNext]_liveVars /\ Fairness

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
    /\ UNCHANGED <<broadcast, msgs, vote, learned, votes, heard>>
===============================================================================
