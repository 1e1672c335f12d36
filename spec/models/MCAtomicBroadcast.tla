-------------------------- MODULE MCAtomicBroadcast --------------------------
(* Models of AtomicBroadcast, standing alone. *)
EXTENDS AtomicBroadcast

(* Mutant of Deliver: the order without its first value, too. *)
DeliverAnyPart(l) ==
    /\ delivered[l] = << >>
    /\ \E m \in 1..Len(order) : \E n \in m..Len(order) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(order, m, n)]
    /\ UNCHANGED <<broadcast, order>>

(* Before, for FIFO, where values are numbers: those in a row are of one client,
   so that 11 and 12 are, and 21 is of another. *)
OneBelow(v) == {v - 1} \cap Value

(* Mutant of InTurn: any value may come first. *)
AnyTurn(v, S) == TRUE

(* Mutant of Restart: the learner is back with a part of what it had delivered,
   that does not begin with the first of it. *)
RestartAnywhere(l) ==
    /\ l \in Keeps
    /\ \E m, n \in 1..Len(delivered[l]) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(@, m, n)]
    /\ UNCHANGED <<broadcast, order>>
==============================================================================
