--------------------------- MODULE AtomicBroadcast ---------------------------
(***************************************************************************)
(* The service: clients broadcast values, the values get into one order,   *)
(* and every learner delivers a growing prefix of that order.  Nothing here*)
(* says how; LogVoting is one way, and MultiPaxos is that way with         *)
(* messages.                                                               *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Value,      \* what clients broadcast
          Learner,
          Keeps,      \* the learners that keep checkpoints
          Before(_)   \* FIFO: Before(v) has the value that the client of v
                      \* broadcasts just before v, if there is one

ASSUME Keeps \subseteq Learner

VARIABLES broadcast,  \* the values that clients have broadcast
          order,      \* the one order, as far as it is fixed
          delivered   \* delivered[l]: the values learner l delivered, in order

vars == <<broadcast, order, delivered>>

LOCAL Range(s) == {s[k] : k \in DOMAIN s}
LOCAL IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))

(* Every sequence that holds no value twice. *)
Ordering == {s \in UNION {[1..n -> Value] : n \in 0..Cardinality(Value)} :
                Cardinality(Range(s)) = Len(s)}

(* FIFO is off: Before <- NothingBefore. *)
NothingBefore(v) == {}

(* The clause of FIFO: it is the turn of v once the value before it is in S. *)
InTurn(v, S) == Before(v) \subseteq S

(* Each value in s comes after the one that its client broadcast before it, and
   so after all that it broadcast before. *)
EachInTurn(s) ==
    \A k \in DOMAIN s : Before(s[k]) \subseteq {s[j] : j \in 1..(k - 1)}

-----------------------------------------------------------------------------
(* A client broadcasts a value, once, and its values in turn. *)
Broadcast(v) ==
    /\ v \notin broadcast
    /\ InTurn(v, broadcast)
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<order, delivered>>

(* The order is extended, by any number of broadcast values that it does not
   have yet, with FIFO each in turn: what is fixed stays fixed.  Several at once,
   because one vote can complete a batch, or close a gap below batches that were
   complete. *)
Order ==
    /\ order' \in {s \in Ordering : IsPrefix(order, s)}
    /\ order' # order
    /\ Range(order') \subseteq broadcast
    /\ \A k \in DOMAIN order' : InTurn(order'[k], {order'[j] : j \in 1..(k - 1)})
    /\ UNCHANGED <<broadcast, delivered>>

(* A learner delivers some more of the order.  It takes nothing back, but for
   Restart, and delivers nothing of which the place is not yet fixed. *)
Deliver(l) ==
    /\ \E n \in Len(delivered[l])+1..Len(order) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(order, 1, n)]
    /\ UNCHANGED <<broadcast, order>>

(* A learner that keeps checkpoints crashes, and is back where an earlier one
   was.  What comes after it, it delivers again: the same, for the order is
   fixed.  Any other learner that crashes comes back as a new one. *)
Restart(l) ==
    /\ l \in Keeps
    /\ \E n \in 0..Len(delivered[l]) :
           delivered' = [delivered EXCEPT ![l] = SubSeq(@, 1, n)]
    /\ UNCHANGED <<broadcast, order>>

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ order     = << >>
        /\ delivered = [l \in Learner |-> << >>]

Next == \/ \E v \in Value : Broadcast(v)
        \/ Order
        \/ \E l \in Learner : Deliver(l)
        \/ \E l \in Learner : Restart(l)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ order \in Ordering
          /\ delivered \in [Learner -> Ordering]

(* Only broadcast values are delivered, each at most once. *)
Integrity == \A l \in Learner :
    /\ Range(delivered[l]) \subseteq broadcast
    /\ Cardinality(Range(delivered[l])) = Len(delivered[l])

(* What any two learners delivered agrees as far as both go. *)
TotalOrder == \A l, k \in Learner :
    IsPrefix(delivered[l], delivered[k]) \/ IsPrefix(delivered[k], delivered[l])

(* What is delivered is ordered. *)
DeliveredIsOrdered == \A l \in Learner : IsPrefix(delivered[l], order)

(* What is broadcast or ordered stays so, and so does what is delivered, but for
   learners that restart: these go back, and have nothing else. *)
Final == [][/\ broadcast \subseteq broadcast' /\ IsPrefix(order, order')
            /\ \A l \in Learner :
                   \/ IsPrefix(delivered[l], delivered'[l])
                   \/ l \in Keeps /\ IsPrefix(delivered'[l], delivered[l])]_vars

(* What one client broadcast is delivered in the order in which it did, and
   nothing of it is left out (Hadzilacos and Toueg, 1994, FIFO Order). *)
FIFO == \A l \in Learner : EachInTurn(delivered[l])
=============================================================================
