---------------------------- MODULE MCLargeValues ----------------------------
(* Models of LargeValues: two values in two parts each, and a small one. *)
EXTENDS LargeValues

CONSTANTS a, a1, a2, b, b1, b2, l1

PartsOf(w) == IF w = a THEN {a1, a2} ELSE {b1, b2}

RoomForAll(l) == 2
RoomForOne(l) == 1

(* Mutant of Room: learners have limits of their own.  It stands for all that
   a learner might decide by and others do not see, such as its time. *)
RoomOfItsOwn(l) == IF l = l1 THEN 1 ELSE 2

(* Mutant of IsWhole: a value is whole with the part that the client sent
   last, whatever came before it. *)
WholeWithLastPart(parts, w) == (IF w = a THEN a2 ELSE b2) \in parts

(* Mutant of MakeRoom: nothing is discarded. *)
KeepAll(made, room) == made
=============================================================================
