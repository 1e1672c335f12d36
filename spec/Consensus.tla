------------------------------ MODULE Consensus ------------------------------
(***************************************************************************)
(* What one Synod must be to the world outside it: values are broadcast,   *)
(* at most one of them is chosen, and learners learn that one and no other.*)
(* Nothing here says how; Voting is one way, and Synod is that way with    *)
(* messages.                                                               *)
(*                                                                         *)
(* The ladder Consensus, Voting, Synod is Lamport's (modules Consensus,    *)
(* Voting and Paxos of the TLA+ examples; Byzantizing Paxos by Refinement, *)
(* 2011).  docs/references.md says what differs.                           *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
    \* @type: Set(VALUE);
    Value,      \* what clients broadcast
    \* @type: Set(LEARNER);
    Learner

VARIABLES
    \* @type: Set(VALUE);
    broadcast,  \* the values that clients have broadcast
    \* @type: Set(VALUE);
    chosen,     \* the values chosen: none, later exactly one
    \* @type: LEARNER -> Set(VALUE);
    learned     \* learned[l]: the values that learner l has learned

vars == <<broadcast, chosen, learned>>

-----------------------------------------------------------------------------
(* A client broadcasts a value, once. *)
Broadcast(v) ==
    /\ v \notin broadcast
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<chosen, learned>>

(* A value is chosen.  It must be one that somebody asked for, and this may
   happen once only: the guard is all there is to consensus. *)
Choose(v) ==
    /\ chosen = {}
    /\ v \in broadcast
    /\ chosen' = {v}
    /\ UNCHANGED <<broadcast, learned>>

(* A learner learns what is chosen, and never changes its mind.  The choice
   comes first: a learner does not make it. *)
Learn(l) ==
    /\ chosen # {}
    /\ learned[l] = {}
    /\ learned' = [learned EXCEPT ![l] = chosen]
    /\ UNCHANGED <<broadcast, chosen>>

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ chosen  = {}
        /\ learned = [l \in Learner |-> {}]

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E v \in Value : Choose(v)
        \/ \E l \in Learner : Learn(l)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ chosen \subseteq Value
          /\ learned \in [Learner -> SUBSET Value]

(* At most one value is chosen, and nothing else is learned. *)
Agreement == /\ Cardinality(chosen) <= 1
             /\ \A l \in Learner : learned[l] \subseteq chosen

(* What is broadcast, chosen or learned stays so. *)
Final == [][/\ broadcast \subseteq broadcast' /\ chosen \subseteq chosen'
            /\ \A l \in Learner : learned[l] \subseteq learned'[l]]_vars

(* Only broadcast values are learned. *)
Integrity == \A l \in Learner : learned[l] \subseteq broadcast
=============================================================================
