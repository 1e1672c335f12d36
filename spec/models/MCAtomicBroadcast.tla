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

(* Mutant of Deliver: a value that has no place in the order yet. *)
DeliverUnordered(l) ==
    /\ \E v \in broadcast :
           /\ \A k \in DOMAIN delivered[l] : delivered[l][k] # v
           /\ delivered' = [delivered EXCEPT ![l] = Append(@, v)]
    /\ UNCHANGED <<broadcast, order>>

(* Mutant of Restart: any learner goes back, also one that keeps no checkpoints. *)
AnyoneGoesBack(l) ==
    /\ \E n \in 0..Len(delivered[l]) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(@, 1, n)]
    /\ UNCHANGED <<broadcast, order>>
==============================================================================
