----------------------------- MODULE MCConsensus -----------------------------
(* Models of Consensus, standing alone. *)
EXTENDS Consensus

(* Mutant of Choose: also when a value is chosen already. *)
ChooseAgain(v) ==
    /\ v \in broadcast
    /\ chosen' = chosen \cup {v}
    /\ UNCHANGED <<broadcast, learned>>

(* Mutant of Learn: as one learns, the others forget. *)
OthersForget(l) ==
    /\ chosen # {}
    /\ learned[l] = {}
    /\ learned' = [k \in Learner |-> IF k = l THEN chosen ELSE {}]
    /\ UNCHANGED <<broadcast, chosen>>
==============================================================================
