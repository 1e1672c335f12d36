----------------------------- MODULE MCConsensus -----------------------------
(* Models of Consensus, standing alone. *)
EXTENDS Consensus

(* Mutant of Choose: also when a value is chosen already. *)
ChooseAgain(v) ==
    /\ v \in broadcast
    /\ chosen' = chosen \cup {v}
    /\ UNCHANGED <<broadcast, learned>>
==============================================================================
