------------------------------- MODULE Batches -------------------------------
(***************************************************************************)
(* Batches of values, and the one order that a log of batches stands for.  *)
(* Shared by LogVoting and MultiPaxos; nothing here has a state.           *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Value,      \* what clients broadcast
          MaxBatch    \* the most values in one batch; 1: batching is off

Range(s) == {s[k] : k \in DOMAIN s}

(* The empty batch is the no-op that fills a gap. *)
NoOp == << >>

(* A batch holds a value at most once.  The same value may be in the batches
   of two instances (a client resends, two leaders take it): that is what the
   learners' duplicate check is for. *)
Batch == {s \in UNION {[1..n -> Value] : n \in 0..MaxBatch} :
             Cardinality(Range(s)) = Len(s)}

(* s, then the values of batch that s does not have yet. *)
AppendNew(s, batch) == s \o SelectSeq(batch, LAMBDA v : v \notin Range(s))

(* Instance i has the batches of c[i] chosen: the order of values is that of
   the batches up to the first instance with none, duplicates dropped. *)
RECURSIVE OrderFrom(_, _, _)
OrderFrom(c, i, s) ==
    IF i > Len(c) THEN s
    ELSE IF c[i] = {} THEN s
    ELSE OrderFrom(c, i + 1, AppendNew(s, CHOOSE batch \in c[i] : TRUE))

OrderOf(c) == OrderFrom(c, 1, << >>)

IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
==============================================================================
