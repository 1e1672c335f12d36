----------------------------- MODULE MultiPaxos -----------------------------
(***************************************************************************)
(* Atomic broadcast by Multi-Paxos, at the level of messages: milestones 2 *)
(* and 3.  This is the module that traces of the implementation are judged *)
(* by: one action here is one event there.                                 *)
(*                                                                         *)
(* A message, once sent, stays in msgs for ever, and an action that needs  *)
(* one only looks whether it is there.  So a message may be received late, *)
(* twice, out of order or never, at no cost in actions or states.  For the *)
(* same reason a proposer and a client have no variables of their own:     *)
(* what they may do next follows from the messages that were sent.         *)
(***************************************************************************)
EXTENDS Batches

CONSTANTS Acceptor, Learner,
          Quorum,          \* sets of acceptors, any two of which intersect
          Proposers,       \* how many proposers: they are 1..Proposers
          Rounds,          \* how many rounds: they are 1..Rounds
          Instances,       \* how many instances: they are 1..Instances
          DirectLearning,  \* optimisation 1: learners learn from votes
          PrepareAhead     \* optimisation 2: Phase 1 before a value is known
                           \* optimisation 3 is MaxBatch, in Batches

ASSUME /\ \A Q \in Quorum : Q \subseteq Acceptor
       /\ DirectLearning \in BOOLEAN
       /\ PrepareAhead \in BOOLEAN
       /\ MaxBatch \in Nat \ {0}

Proposer == 1..Proposers
Instance == 1..Instances

(* The ballot (round r, proposer p) is the number (r - 1) * Proposers + p,
   whose order is the order of the pairs.  So no two proposers share one. *)
Ballot   == 1..(Rounds * Proposers)
Owner(b) == ((b - 1) % Proposers) + 1

(* A vote is the pair of a ballot and a batch; ballot 0 says: no vote. *)
NoVote == <<0, NoOp>>
Vote   == {NoVote} \cup (Ballot \X Batch)

VARIABLES broadcast,  \* the values that clients have broadcast
          msgs,       \* every message ever sent
          promised,   \* promised[a]: acceptor a's ballot, for all instances
          vote,       \* vote[a][i]: acceptor a's last vote in instance i
          learned,    \* learned[l][i]: the vote that learner l knows chosen
          prefix,     \* prefix[l]: instances 1..prefix[l] are delivered
          delivered,  \* delivered[l]: the values delivered, in order
          votes,      \* history: votes[a][i], every vote of a in instance i
          chosen,     \* history: chosen[i], the batches chosen in i
          order       \* history: the one order of values that chosen gives

acceptorVars == <<promised, vote>>
learnerVars  == <<learned, prefix, delivered>>
historyVars  == <<votes, chosen, order>>
vars == <<broadcast, msgs, acceptorVars, learnerVars, historyVars>>

Message ==
         [type : {"1a"}, bal : Ballot, from : Instance, to : Instance]
    \cup [type : {"1b"}, acc : Acceptor, bal : Ballot,
          from : Instance, to : Instance,
          votes : SUBSET (Instance \X Ballot \X Batch)]
    \cup [type : {"2a"}, bal : Ballot, inst : Instance, batch : Batch]
    \cup [type : {"2b"}, acc : Acceptor, bal : Ballot, inst : Instance]
    \cup [type : {"Decide"}, bal : Ballot, inst : Instance]

Send(m) == msgs' = msgs \cup {m}

-----------------------------------------------------------------------------
(* What the messages say. *)

Accepts(b, i) == {m \in msgs : m.type = "2a" /\ m.bal = b /\ m.inst = i}

(* A 1b speaks of the instances that it was asked for, and of no others. *)
Covers(m, i) == m.from <= i /\ i <= m.to

Promises(a, b, i) ==
    {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal = b /\ Covers(m, i)}

HasVoted(a, b, i) == [type |-> "2b", acc |-> a, bal |-> b, inst |-> i] \in msgs

VotedTogether(Q, b, i) == \A a \in Q : HasVoted(a, b, i)

(* The batch of the one 2a of ballot b in instance i. *)
BatchOf(b, i) == (CHOOSE m \in Accepts(b, i) : TRUE).batch

(* The votes in instance i that the promises of Q for ballot b report. *)
Reported(Q, b, i) ==
    {<<v[2], v[3]>> : v \in {w \in UNION {m.votes :
        m \in UNION {Promises(a, b, i) : a \in Q}} : w[1] = i}}

(* Somebody has proposed something in instance i or above it. *)
Reached(i) == \E m \in msgs : m.type = "2a" /\ m.inst >= i

(* Some broadcast value has not been proposed in ballot b. *)
ValueWaits(b) ==
    \E v \in broadcast :
        \A m \in msgs : m.type = "2a" /\ m.bal = b => v \notin Range(m.batch)

-----------------------------------------------------------------------------
(* A client broadcasts a value: it submits it to the proposers, and submits
   it again until it sees it delivered.  A value is broadcast once; that it
   is submitted often is invisible here. *)
Broadcast(v) ==
    /\ v \notin broadcast
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<msgs, acceptorVars, learnerVars, historyVars>>

(* The clause of optimisation 2.  Without it, Phase 1 is for one instance,
   and only when there is something to do in it: a value waits, or the
   instance (or one above it) was begun and has to be finished.  With it,
   Phase 1 may be run for any range of instances at any time. *)
MayPrepare(b, from, to) ==
    PrepareAhead \/ (from = to /\ (ValueWaits(b) \/ Reached(from)))

(* The owner of ballot b asks the acceptors for promises for a range of
   instances.  It may ask for one range after another in the same ballot.
   Nothing else guards it: safety does not need to know who leads. *)
Phase1a(b, from, to) ==
    /\ from <= to
    /\ MayPrepare(b, from, to)
    /\ Send([type |-> "1a", bal |-> b, from |-> from, to |-> to])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* A promise only rises.  It may be repeated: the same leader asks for the
   next range, or the message may have been lost. *)
MayPromise(a, b) == b >= promised[a]

(* Every vote of acceptor a in the range, as triples. *)
VotesOf(a, from, to) == {<<i, vote[a][i][1], vote[a][i][2]>> :
                            i \in {j \in from..to : vote[a][j] # NoVote}}

(* Acceptor a promises to vote in no ballot below b, in any instance, and
   reports its votes in a range that was asked for, or in a part of it (the
   votes may not fit in one message).  One promise stands for all instances,
   so that a leader is preempted everywhere at once. *)
Phase1b(a, b, from, to) ==
    /\ from <= to
    /\ \E m \in msgs : /\ m.type = "1a" /\ m.bal = b
                       /\ m.from <= from /\ to <= m.to
    /\ MayPromise(a, b)
    /\ promised' = [promised EXCEPT ![a] = b]
    /\ Send([type |-> "1b", acc |-> a, bal |-> b, from |-> from, to |-> to,
             votes |-> VotesOf(a, from, to)])
    /\ UNCHANGED <<broadcast, vote, learnerVars, historyVars>>

(* With no vote reported, the leader is free: any batch of broadcast values.
   The no-op is for filling a gap only. *)
MayPropose(batch, i) ==
    /\ Range(batch) \subseteq broadcast
    /\ batch = NoOp => Reached(i)

(* Otherwise it must take the batch of the highest vote: a batch that may
   have been chosen below b was voted for by some acceptor of every quorum,
   and no later ballot below b can have proposed anything else. *)
IsHighest(v, reported) == \A w \in reported : w[1] <= v[1]

Proposable(batch, b, i, Q) ==
    LET reported == Reported(Q, b, i)
    IN  IF reported = {} THEN MayPropose(batch, i)
        ELSE \E v \in reported : IsHighest(v, reported) /\ v[2] = batch

(* A ballot is used for one proposal per instance, also by a proposer that
   restarts. *)
Unused(b, i) == Accepts(b, i) = {}

(* The owner of ballot b proposes a batch in instance i, after a quorum
   promised b for it.  It does so once per ballot and instance: hence a vote
   needs to name the ballot only, not the batch. *)
Phase2a(b, i, batch, Q) ==
    /\ Unused(b, i)
    /\ \A a \in Q : Promises(a, b, i) # {}
    /\ Proposable(batch, b, i, Q)
    /\ Send([type |-> "2a", bal |-> b, inst |-> i, batch |-> batch])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* History only, read by no process: acceptor a votes, and if that completes
   a quorum in ballot b, the batch is chosen.  The order follows from that. *)
RecordVote(a, b, i) ==
    /\ votes' = [votes EXCEPT ![a][i] = @ \cup {<<b, BatchOf(b, i)>>}]
    /\ IF \E Q \in Quorum : \A c \in Q \ {a} : HasVoted(c, b, i)
       THEN /\ chosen' = [chosen EXCEPT ![i] = @ \cup {BatchOf(b, i)}]
            /\ order' = IF chosen' = chosen THEN order ELSE OrderOf(chosen')
       ELSE UNCHANGED <<chosen, order>>

MayVote(a, b) == b >= promised[a]

(* A vote is a promise too: having voted in b, an acceptor may not vote below
   b, in this or in any other instance. *)
VotePromises(a, b) == promised' = [promised EXCEPT ![a] = b]

(* Acceptor a votes for the batch proposed in ballot b, unless it promised a
   higher ballot.  It need not have promised b itself: the leader has its
   quorum of promises, and any quorum may vote. *)
Phase2b(a, b, i) ==
    /\ Accepts(b, i) # {}
    /\ MayVote(a, b)
    /\ VotePromises(a, b)
    /\ vote' = [vote EXCEPT ![a][i] = <<b, BatchOf(b, i)>>]
    /\ Send([type |-> "2b", acc |-> a, bal |-> b, inst |-> i])
    /\ RecordVote(a, b, i)
    /\ UNCHANGED <<broadcast, learnerVars>>

(* A proposer that knows of a quorum of votes in one ballot tells the
   learners.  Any proposer may: after a failover the votes of the old
   leader's ballot are as good as its own. *)
Decide(b, i, Q) ==
    /\ ~DirectLearning
    /\ VotedTogether(Q, b, i)
    /\ Send([type |-> "Decide", bal |-> b, inst |-> i])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* The clause of optimisation 1.  All votes are of one ballot: votes of
   different ballots for one batch do not make it chosen. *)
MayLearn(b, i, Q) ==
    IF DirectLearning
    THEN VotedTogether(Q, b, i)
    ELSE [type |-> "Decide", bal |-> b, inst |-> i] \in msgs

(* Learner l learns what was chosen in instance i, in any order of
   instances, once each. *)
Learn(l, b, i, Q) ==
    /\ learned[l][i] = NoVote
    /\ MayLearn(b, i, Q)
    /\ learned' = [learned EXCEPT ![l][i] = <<b, BatchOf(b, i)>>]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, prefix, delivered,
                   historyVars>>

IsNext(l, i) == i = prefix[l] + 1

(* Learner l delivers the batch of the next instance: its values in their
   order, but for those that it has delivered before.  No instance may be
   skipped: its batch, when it is learned, comes before. *)
Deliver(l, i) ==
    /\ IsNext(l, i)
    /\ learned[l][i] # NoVote
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' = [delivered EXCEPT ![l] = AppendNew(@, learned[l][i][2])]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, learned, historyVars>>

(* Acceptor a crashes and comes back with its stable storage.  It made its
   promise and its votes durable before it sent them, so nothing changes:
   the step is here to be said, and to be broken (see models/). *)
Recover(a) == UNCHANGED vars

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ msgs = {}
        /\ promised  = [a \in Acceptor |-> 0]
        /\ vote      = [a \in Acceptor |-> [i \in Instance |-> NoVote]]
        /\ learned   = [l \in Learner |-> [i \in Instance |-> NoVote]]
        /\ prefix    = [l \in Learner |-> 0]
        /\ delivered = [l \in Learner |-> << >>]
        /\ votes     = [a \in Acceptor |-> [i \in Instance |-> {}]]
        /\ chosen    = [i \in Instance |-> {}]
        /\ order     = << >>

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E b \in Ballot, from, to \in Instance : Phase1a(b, from, to)
        \/ \E a \in Acceptor, b \in Ballot, from, to \in Instance :
               Phase1b(a, b, from, to)
        \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum :
               Phase2a(b, i, batch, Q)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : Phase2b(a, b, i)
        \/ \E b \in Ballot, i \in Instance, Q \in Quorum : Decide(b, i, Q)
        \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum :
               Learn(l, b, i, Q)
        \/ \E l \in Learner, i \in Instance : Deliver(l, i)
        \/ \E a \in Acceptor : Recover(a)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ msgs \subseteq Message
          /\ promised \in [Acceptor -> {0} \cup Ballot]
          /\ vote \in [Acceptor -> [Instance -> Vote]]
          /\ learned \in [Learner -> [Instance -> Vote]]
          /\ prefix \in [Learner -> 0..Instances]
          /\ \A l \in Learner : delivered[l] \in Seq(Value)
          /\ votes \in [Acceptor -> [Instance -> SUBSET (Ballot \X Batch)]]
          /\ chosen \in [Instance -> SUBSET Batch]
          /\ order \in Seq(Value)

(* At most one batch is chosen per instance. *)
Agreement == \A i \in Instance : Cardinality(chosen[i]) <= 1

(* Only broadcast values are delivered, each at most once. *)
Integrity == \A l \in Learner :
    /\ Range(delivered[l]) \subseteq broadcast
    /\ Cardinality(Range(delivered[l])) = Len(delivered[l])

(* What any two learners delivered agrees as far as both go. *)
TotalOrder == \A l, k \in Learner :
    IsPrefix(delivered[l], delivered[k]) \/ IsPrefix(delivered[k], delivered[l])

(* Two proposals of one ballot in one instance are the same proposal. *)
OneBatchPerBallot == \A m, n \in msgs :
    m.type = "2a" /\ n.type = "2a" /\ m.bal = n.bal /\ m.inst = n.inst => m = n

(* No acceptor has a vote above its promise. *)
VotesBelowPromise == \A a \in Acceptor, i \in Instance :
    vote[a][i][1] <= promised[a]

(* What was learned was voted for by one quorum in one ballot. *)
LearnedFromOneBallot == \A l \in Learner, i \in Instance :
    learned[l][i] # NoVote =>
        \E Q \in Quorum : \A a \in Q : HasVoted(a, learned[l][i][1], i)

-----------------------------------------------------------------------------
(* The rung above: the same without messages.  Its variables are all here. *)
LV == INSTANCE LogVoting
Refinement == LV!Spec
=============================================================================
