------------------------------- MODULE TraceRows -------------------------------
(***************************************************************************)
(* How a recorded trace reads as TLA+, for TraceMultiPaxos and TraceSynod. *)
(* The data is in module TraceData, which the checker writes for each run  *)
(* of TLC: rows, in windows (a short trace is one, a long one is several), *)
(* and the tables of what rows name by number.                             *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets, TLC, TraceData

VARIABLES window,  \* the window that this behaviour takes
          row      \* the row of it that is taken next

Rows == Windows[window].rows
Row  == Rows[row]
IsRow(kind) == Row[1] = kind

(* A row is one action: its kind, and the parameters. *)
KBroadcast == 1   \* client, value
KPhase1a   == 2   \* proposer, ballot, from, to, a value that waits (or 0)
KPhase1b   == 3   \* acceptor, ballot, from, to, list of votes
KPhase2a   == 4   \* proposer, ballot, instance, batch, quorum
KPhase2b   == 5   \* acceptor, ballot, instance
KDecide    == 6   \* ballot, instance, quorum
KLearn     == 7   \* learner, ballot, instance, batch, quorum
KDeliver   == 8   \* learner, instance, batch, position
KRecover   == 9   \* acceptor, ballot, list of votes, instance, list of promises
KResume    == 10  \* proposer, ballot
KReturn    == 11  \* life, row in it: of a client or a learner that kept nothing
KPromise   == 12  \* acceptor, ballot, instance (or 0: the log)
KTrim      == 13  \* acceptor, instance
KUnseen    == 14  \* acceptor, ballot, instance
KRepeat    == 15  \* acceptor, instance
KLife      == 16  \* a person (see FirstLives), its life, whether it comes back
KTakeSnapshot    == 17  \* learner, instance, position; and so the next two
KCheckpoint      == 18
KRestart         == 19
KSendSnapshot    == 20  \* learner, instance, position, number of who gives it
KInstallSnapshot == 21  \* learner, number of who gave it, instance, position
KKept            == 22  \* learner
KGiven           == 23  \* learner, number of who gave it, instance, position

-----------------------------------------------------------------------------
(* Sets of the run, for the constants of the specification. *)
TraceAcceptor == 1..Acceptors
TraceLearner  == 1..Learners
TraceValue    == 1..Values

(* Quorums are too many to be listed: they are counted, by the sizes that the
   headers give.  Nothing here asks for a quorum but these. *)
TraceQuorum       == {}
TraceQuorumsMeet  == Quorum1Size + Quorum2Size > Acceptors
TraceHasQuorum(S) == Cardinality(S) >= Quorum2Size

(* A quorum is written as the list of its members. *)
Members(list)   == {list[k] : k \in DOMAIN list}
Distinct(list)  == Len(list) = Cardinality(Members(list))
IsQuorum(list, size) == /\ Distinct(list)
                        /\ Members(list) \subseteq 1..Acceptors
                        /\ Len(list) >= size
IsQuorum1(list) == IsQuorum(list, Quorum1Size)
IsQuorum2(list) == IsQuorum(list, Quorum2Size)

(* Of votes in a list: one of each instance. *)
OneEach(list)   == Cardinality({list[k][1] : k \in DOMAIN list}) = Len(list)

-----------------------------------------------------------------------------
(* Large tables are in two levels, so that a change copies little, and what is
   not spoken of takes no room. *)
Size == 64
Chunk(i) == (i - 1) \div Size
Slot(i)  == ((i - 1) % Size) + 1
InChunk(c, k) == c * Size + k

(* A value here is a range of values that a client submits together, and that
   nobody splits or merges.  Weights says how many they are, Clients whose. *)
ClientOf(v) == Clients[Chunk(v) - FirstChunk + 1][Slot(v)]

(* How many values sequence s has at places from..to; by halves, since batches
   may be long. *)
RECURSIVE WeightOf(_, _, _, _)
WeightOf(s, from, to, weights) ==
    IF from > to THEN 0
    ELSE IF from = to THEN weights[Chunk(s[from]) - FirstChunk + 1][Slot(s[from])]
    ELSE LET middle == (from + to) \div 2
         IN  WeightOf(s, from, middle, weights) + WeightOf(s, middle + 1, to, weights)

Weight(s, weights) == WeightOf(s, 1, Len(s), weights)

(* A range that was broadcast before this one and has a value in common with it,
   or 0 if there is none.  One is enough: of those before the first that there is
   no two have a value in common. *)
Overlapping(v) == LET o == Overlaps[Chunk(v) - FirstChunk + 1][Slot(v)]
                  IN  IF o = 0 THEN {} ELSE {o}

(* With FIFO, the range that its client broadcast just before this one, or 0 if it
   was the first; or itself, if its numbers are not the next ones: it is nobody's
   turn then.  Without FIFO, 0. *)
Previous(v) == Befores[Chunk(v) - FirstChunk + 1][Slot(v)]

-----------------------------------------------------------------------------
(* What a trace must be beyond the specification.  An acceptor or a proposer is
   one process through all its lives, and so is a learner as long as it comes back
   with a checkpoint; person x is acceptor x, or proposer x - Acceptors, or learner
   x - Acceptors - TraceProposers.  It is in life 1 before its first row. *)
FirstLives == [x \in 1..(Acceptors + TraceProposers + Learners) |-> 1]

(* Recover is the first row of a life, and not of life 1. *)
MayReturn(n, k) == n > 1 /\ k = 1
=============================================================================
