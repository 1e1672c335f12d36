----------------------------- MODULE LargeValues -----------------------------
(***************************************************************************)
(* Values that no message holds.  A client cuts such a value into parts and *)
(* broadcasts these: to AtomicBroadcast, and to the rungs below it, they are*)
(* values like any others, and no action is added.  What is asked here is   *)
(* that learners then make the same of them: whole values, each at one      *)
(* position, in one order, or never.                                        *)
(*                                                                          *)
(* They do because they look at nothing but what they deliver: Assembled is *)
(* a function of the delivered sequence that goes through it from its start.*)
(* What it has made of a prefix it does not take back, so prefixes of one   *)
(* order become prefixes of one order.  TLC checks that of each state.      *)
(***************************************************************************)
EXTENDS AtomicBroadcast

CONSTANTS Large,      \* the values that are broadcast in parts
          Parts(_),   \* Parts(w): the values that are the parts of w
          Room(_)     \* Room(l): so many parts of values that are not whole
                      \* learner l keeps at most

LOCAL Range(s) == {s[k] : k \in DOMAIN s}
LOCAL IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
LOCAL Without(s, w) == SelectSeq(s, LAMBDA x : x # w)

(* What is made of a sequence: `out` has the whole values and their positions,
   `got` the parts that are kept, by value, `touched` the values of which parts
   are kept, the one that got a part the longest ago first, and `over` the
   values that are delivered or discarded. *)
Nothing == [out     |-> << >>,
            got     |-> [w \in Large |-> {}],
            touched |-> << >>,
            over    |-> {}]

(* Value w is delivered or discarded: nothing of it is kept, or ever again. *)
Over(made, w) == [made EXCEPT !.got     = [@ EXCEPT ![w] = {}],
                              !.touched = Without(@, w),
                              !.over    = @ \cup {w}]

Kept(made) == {v \in Value : \E w \in Large : v \in made.got[w]}

(* Without room for all parts, the value that got a part the longest ago is
   discarded. *)
MakeRoom(made, room) ==
    IF Cardinality(Kept(made)) > room THEN Over(made, Head(made.touched)) ELSE made

(* The parts of a value make it whole when no other is missing. *)
IsWhole(parts, w) == parts = Parts(w)

(* Value v is delivered at position p. *)
After(made, v, p, room) ==
    LET owners == {w \in Large : v \in Parts(w)}
    IN  IF owners = {} THEN [made EXCEPT !.out = Append(@, <<v, p>>)]
        ELSE LET w     == CHOOSE x \in owners : TRUE
                 parts == made.got[w] \cup {v}
             IN  IF w \in made.over THEN made
                 ELSE IF IsWhole(parts, w)
                      THEN [Over(made, w) EXCEPT !.out = Append(@, <<w, p>>)]
                      ELSE MakeRoom([made EXCEPT !.got     = [@ EXCEPT ![w] = parts],
                                                 !.touched = Append(Without(@, w), w)],
                                    room)

RECURSIVE Assembled(_, _)
Assembled(s, room) ==
    IF s = << >> THEN Nothing
    ELSE LET front == SubSeq(s, 1, Len(s) - 1)
         IN  After(Assembled(front, room), s[Len(s)], Len(s), room)

(* The output of a learner: whole values, each with its position. *)
Output(l) == Assembled(delivered[l], Room(l)).out

-----------------------------------------------------------------------------
(* What any two learners output agrees as far as both go, positions too. *)
WholeTotalOrder == \A l, k \in Learner :
    IsPrefix(Output(l), Output(k)) \/ IsPrefix(Output(k), Output(l))

(* A whole value is output once, in the place of the last of its parts, and no part
   alone. *)
WholeIntegrity == \A l \in Learner :
    LET out == Output(l)
    IN  /\ Cardinality({out[k][1] : k \in DOMAIN out}) = Len(out)
        /\ \A k \in DOMAIN out, w \in Large : out[k][1] \notin Parts(w)
        /\ \A k \in DOMAIN out : out[k][1] \in Large =>
               /\ Parts(out[k][1]) \subseteq Range(SubSeq(delivered[l], 1, out[k][2]))
               /\ delivered[l][out[k][2]] \in Parts(out[k][1])

(* No more parts are kept than there is room for. *)
KeptBounded == \A l \in Learner :
    Cardinality(Kept(Assembled(delivered[l], Room(l)))) <= Room(l)
=============================================================================
