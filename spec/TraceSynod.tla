------------------------------ MODULE TraceSynod ------------------------------
(***************************************************************************)
(* Is a recorded trace a behaviour of Synod?  As TraceMultiPaxos, but of   *)
(* one instance: its messages are few, and are all in the state.           *)
(*                                                                         *)
(* Each step takes the next row by the action of Synod that the row names. *)
(* If that is not enabled, or breaks an invariant, the row is never taken. *)
(***************************************************************************)
EXTENDS Synod, TraceRows

VARIABLES used,   \* the highest ballot that each proposer used or came back with
          since,  \* the one that it came back with into this life
          life,   \* which life of an acceptor or a proposer this is
          losing  \* the last row was a promise, and its 1b is not lost yet

TraceNone == 0

(* The one value of a batch; and a vote as a 1b reports it. *)
IsOne(batch) == Len(batch) = 1 /\ Weight(batch, Weights) = 1

ListOf(v) == IF v = NoVote THEN << >> ELSE <<<<1, v[1], <<v[2]>>>>>>

-----------------------------------------------------------------------------
(* Each event as an action of Synod.  What the conjuncts beside it say is what
   a trace says beyond the parameters: who acts, that there is one instance and
   one value, which sets the parameters are from (as in Next), and what an
   acceptor or a learner reports. *)
TakeBroadcast(c, v) ==
    /\ own:: ClientOf(v) = c
    /\ fresh:: Overlapping(v) \cap broadcast = {}
    /\ Broadcast(v)

TakePhase1a(p, b, from, to) ==
    /\ owner:: Owner(b) = p
    /\ new:: b > since[p]
    /\ instance:: from = 1 /\ to = 1
    /\ Phase1a(b)

TakePhase1b(a, b, from, to, list) ==
    /\ instance:: from = 1 /\ to = 1
    /\ Phase1b(a, b)
    /\ votes:: list = ListOf(vote[a])

TakePhase2a(p, b, i, batch, q) ==
    /\ owner:: Owner(b) = p
    /\ new:: b > since[p]
    /\ instance:: i = 1
    /\ quorum:: IsQuorum1(q)
    /\ value:: IsOne(batch)
    /\ Phase2a(b, batch[1], Members(q))

TakePhase2b(a, b, i) ==
    /\ instance:: i = 1
    /\ Phase2b(a, b)

TakeDecide(b, i, q) ==
    /\ instance:: i = 1
    /\ quorum:: IsQuorum2(q)
    /\ Decide(b, Members(q))

(* Without direct learning no votes are counted, and the list is empty.  With it a
   learner may keep to itself which votes it counted; all that were cast will do
   if any quorum's will. *)
NotSaid(q) == DirectLearning /\ q = << >>

Counted(b, q) == IF NotSaid(q) THEN {a \in Acceptor : HasVoted(a, b)} ELSE Members(q)

TakeLearn(l, b, i, batch, q) ==
    /\ instance:: i = 1
    /\ quorum:: NotSaid(q) \/ IF DirectLearning THEN IsQuorum2(q) ELSE q = << >>
    /\ Learn(l, b, Counted(b, q))
    /\ decided:: NotSaid(q) => HasQuorum(Counted(b, q))
    /\ batch:: batch = <<ValueOf(b)>>

TakeRecover(a, b, list) ==
    /\ one_vote:: OneEach(list)
    /\ promise:: promised[a] = b
    /\ votes:: list = ListOf(vote[a])
    /\ Recover(a)

(* Of one instance nothing is trimmed. *)
TakeTrim(a, i) ==
    /\ trimmed:: FALSE

(* A promise that no trace has: its 1b was lost with the acceptor. *)
TakePromise(a, b) ==
    /\ Phase1b(a, b)

(* A proposer comes back with the highest round that it used, or more. *)
TakeResume(p, b) ==
    /\ round:: used[p] <= b
    /\ UNCHANGED vars

TakeReturn(n, k) ==
    /\ begins:: MayReturn(n, k)
    /\ UNCHANGED vars

(* Before the row of a life that begins, or that should not. *)
TakeLife(x, n, recovers) ==
    /\ order:: life[x] <= n
    /\ begins:: n = life[x] => ~recovers
    /\ comes_back:: n > life[x] => recovers
    /\ UNCHANGED vars

Take ==
    CASE IsRow(KBroadcast) -> TakeBroadcast(Row[2], Row[3])
      [] IsRow(KPhase1a)   -> TakePhase1a(Row[2], Row[3], Row[4], Row[5])
      [] IsRow(KPhase1b)   -> TakePhase1b(Row[2], Row[3], Row[4], Row[5], Lists[Row[6]])
      [] IsRow(KPhase2a)   -> TakePhase2a(Row[2], Row[3], Row[4], Batches[Row[5]],
                                          Quorums[Row[6]])
      [] IsRow(KPhase2b)   -> TakePhase2b(Row[2], Row[3], Row[4])
      [] IsRow(KDecide)    -> TakeDecide(Row[2], Row[3], Quorums[Row[4]])
      [] IsRow(KLearn)     -> TakeLearn(Row[2], Row[3], Row[4], Batches[Row[5]],
                                        Quorums[Row[6]])
      [] IsRow(KRecover)   -> TakeRecover(Row[2], Row[3], Lists[Row[4]])
      [] IsRow(KResume)   -> TakeResume(Row[2], Row[3])
      [] IsRow(KReturn)    -> TakeReturn(Row[2], Row[3])
      [] IsRow(KPromise)   -> TakePromise(Row[2], Row[3])
      [] IsRow(KTrim)      -> TakeTrim(Row[2], Row[3])
      [] IsRow(KLife)      -> TakeLife(Row[2], Row[3], Row[4] = 1)

-----------------------------------------------------------------------------
Invariants == /\ TypeOK
              /\ Agreement
              /\ Integrity
              /\ OneBatchPerBallot
              /\ VotesBelowPromise
              /\ LearnedFromOneBallot

laid == row <= Len(Rows) /\ ~losing

Attempt ==
    /\ laid
    /\ Take
    /\ row' = row + 1 /\ UNCHANGED window

Taken == Attempt /\ Invariants'

Step ==
    /\ Taken
    /\ losing' = IsRow(KPromise)
    /\ used' = IF IsRow(KResume) \/ (IsRow(KPhase1a) /\ Row[3] > used[Row[2]])
               THEN [used EXCEPT ![Row[2]] = Row[3]] ELSE used
    /\ since' = IF IsRow(KResume) THEN [since EXCEPT ![Row[2]] = Row[3]] ELSE since
    /\ life' = IF IsRow(KLife) THEN [life EXCEPT ![Row[2]] = Row[3]] ELSE life

(* Nobody counts a promise that no trace has. *)
Lose == LET r == Rows[row - 1]
        IN  /\ losing
            /\ losing' = FALSE
            /\ msgs' = {m \in msgs : ~(m.type = "1b" /\ m.acc = r[2] /\ m.bal = r[3])}
            /\ UNCHANGED <<window, row, used, since, life>>
            /\ UNCHANGED <<broadcast, promised, vote, learned, votes>>

End == /\ row = Len(Rows) + 1 /\ ~losing
       /\ PrintT(<<"done", window, Len(Rows)>>)
       /\ row' = row + 1
       /\ UNCHANGED <<window, losing, vars, used, since, life>>

TraceInit == /\ window \in DOMAIN Windows
             /\ row = 1 /\ losing = FALSE
             /\ used = [p \in Proposer |-> 0] /\ since = used
             /\ life = FirstLives
             /\ Init

TraceNext == Step \/ Lose \/ End

TraceView == <<window, row, losing>>
=============================================================================
