-------------------------- MODULE MCAtomicBroadcast --------------------------
(* Models of AtomicBroadcast, standing alone. *)
EXTENDS AtomicBroadcast

(* Mutant of Deliver: the order without its first value, too. *)
DeliverAnyPart(l) ==
    /\ delivered[l] = << >>
    /\ \E m \in 1..Len(order) : \E n \in m..Len(order) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(order, m, n)]
    /\ UNCHANGED <<broadcast, order>>
==============================================================================
