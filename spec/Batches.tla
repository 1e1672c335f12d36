------------------------------- MODULE Batches -------------------------------
(***************************************************************************)
(* Batches of values, and the one order that a log of batches stands for.  *)
(* Shared by LogVoting and MultiPaxos; nothing here has a state.           *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS Value,      \* what clients broadcast
          MaxBatch,   \* the most values in one batch; 1: batching is off
          Before(_),  \* FIFO: Before(v) has the value that the client of v
                      \* broadcasts just before v, if there is one
          Later(_)    \* sessions: Later(v) has the values that later
                      \* incarnations of the client of v broadcast

Range(s) == {s[k] : k \in DOMAIN s}

(* The empty batch is the no-op that fills a gap. *)
NoOp == << >>

(* A batch holds a value at most once.  The same value may be in the batches
   of two instances (a client resends, two leaders take it): that is what the
   learners' duplicate check is for. *)
Batch == {s \in UNION {[1..n -> Value] : n \in 0..MaxBatch} :
             Cardinality(Range(s)) = Len(s)}

(* FIFO is off: Before <- NothingBefore.  Any value may come first. *)
NothingBefore(v) == {}

(* The clause of FIFO.  It is the turn of v once the value that its client
   broadcasts before v is in S; and that one had to wait for its own turn. *)
InTurn(v, S) == Before(v) \subseteq S

(* Sessions are off: Later <- NothingLater.  No client is known to be over. *)
NothingLater(v) == {}

(* The clause of sessions.  An incarnation of a client is over once a value of a
   later one is in the order; what is left of it is passed over. *)
IsOver(v, S) == Later(v) \cap S # {}

(* A client table has the values that were delivered, as far as a duplicate of
   them could still do harm: those of an incarnation that is over are forgotten.
   This is the table after the values of s.

   Why that is safe.  Where a value of v's client, and of a later incarnation, is
   in the order, v is passed over by IsOver, whether it was delivered or not; so
   nobody needs to know whether it was.  And if that later value is forgotten in
   its turn, it is because of one later still, which is in Later(v) too.  So what
   is appended is the same by a table as by the whole sequence, which is what
   LogVoting asks, and that MultiPaxos refines it shows so.  That one client has
   one place in the table, however often it is started again, bounds it. *)
Remember(table, s) ==
    LET all == table \cup Range(s)
    IN  {v \in all : Later(v) \cap all = {}}

(* The values of batch that are new to a learner with this client table: those
   that it does not have yet; but for those whose turn it is not, and those of an
   incarnation that is over.  These are passed over, as if they were not in the
   batch, and the former must be proposed again.

   Why the turn is a matter of delivering and not of proposing.  The values of one
   client are under way in several instances at a time.  A leader that proposes
   them in turn may die, and the next one be obliged to the second value where the
   first one got no vote that it hears of: by then it is too late to have proposed
   them in turn (paxos-fifo-proposed in models/).  To propose a value only once the
   one before it is known to be chosen, in an instance below, would do; but then a
   client had one value, or one batch, under way at a time.

   Why what comes too early is passed over, and not kept until its turn: what is
   new is then a function of the order so far and of the batch, and a learner has
   to keep nothing for a client that will never send what is missing. *)
RECURSIVE NewOf(_, _)
NewOf(table, batch) ==
    IF batch = << >> THEN << >>
    ELSE LET v == Head(batch)
         IN  IF v \notin table /\ InTurn(v, table) /\ ~IsOver(v, table)
             THEN <<v>> \o NewOf(Remember(table, <<v>>), Tail(batch))
             ELSE NewOf(table, Tail(batch))

AppendNew(s, table, batch) == s \o NewOf(table, batch)

(* Instance i has the batches of c[i] chosen: the order of values is that of
   the batches up to the first instance with none, duplicates dropped, and with
   FIFO what came before its turn. *)
RECURSIVE OrderFrom(_, _, _)
OrderFrom(c, i, s) ==
    IF i > Len(c) THEN s
    ELSE IF c[i] = {} THEN s
    ELSE OrderFrom(c, i + 1,
                   AppendNew(s, Range(s), CHOOSE batch \in c[i] : TRUE))

OrderOf(c) == OrderFrom(c, 1, << >>)

(* The order of the first n instances. *)
OrderUpTo(c, n) == OrderOf([i \in 1..n |-> c[i]])

(* Each value in s comes after the one that its client broadcast before it, and
   so after all that it broadcast before. *)
EachInTurn(s) ==
    \A k \in DOMAIN s : Before(s[k]) \subseteq {s[j] : j \in 1..(k - 1)}

IsPrefix(s, t) == Len(s) <= Len(t) /\ s = SubSeq(t, 1, Len(s))
==============================================================================
