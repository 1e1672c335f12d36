----------------------------- MODULE MultiPaxos -----------------------------
(***************************************************************************)
(* Atomic broadcast by Multi-Paxos (Lamport, Paxos Made Simple, section    *)
(* 3), with messages: milestones 2 and 3.  Traces of the implementation    *)
(* are judged by this module: one action here is one event there.          *)
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
          PrepareAhead,    \* optimisation 2: Phase 1 before a value is known
                           \* optimisation 3 is MaxBatch, in Batches, and so
                           \* is Before, which is for FIFO
          PromiseScope     \* what one promise is for: "log" or "instance"

ASSUME /\ \A Q \in Quorum : Q \subseteq Acceptor
       /\ DirectLearning \in BOOLEAN
       /\ PrepareAhead \in BOOLEAN
       /\ MaxBatch \in Nat \ {0}
       /\ PromiseScope \in {"log", "instance"}

Proposer == 1..Proposers
Instance == 1..Instances

(* The ballot (round r, proposer p) is the number (r - 1) * Proposers + p,
   whose order is the order of the pairs.  So no two proposers share one. *)
Ballot   == 1..(Rounds * Proposers)
Owner(b) == ((b - 1) % Proposers) + 1

(* The clause of PromiseScope.  An acceptor has one promise for the whole log,
   which is number 0 here, so that a leader is preempted everywhere at once.  Or
   it has one for each instance, as if each were a Synod alone.  ScopeOf(i) is
   the promise that speaks of instance i. *)
ScopeOf(i) == IF PromiseScope = "log" THEN 0 ELSE i

Scopes == IF PromiseScope = "log" THEN {0} ELSE Instance

ScopesOf(from, to) == {ScopeOf(i) : i \in from..to}

(* A vote is the pair of a ballot and a batch; ballot 0 says: no vote. *)
NoVote == <<0, NoOp>>
Vote   == {NoVote} \cup (Ballot \X Batch)

(* A learner that crashes loses everything.  So one that is started again is
   a new learner here, which begins with instance 1; Learner has one element
   for each life.  Lives has a set for each learner that the cluster has, of
   all its lives; it is empty where nobody knows how many learners there are. *)
Lives == {{l} : l \in Learner}

VARIABLES broadcast,  \* the values that clients have broadcast
          msgs,       \* every message ever sent
          promised,   \* promised[a][s]: acceptor a's ballot, in scope s
          vote,       \* vote[a][i]: acceptor a's last vote in instance i
          trimmed,    \* trimmed[a]: a has forgotten instances 1..trimmed[a]
          learned,    \* learned[l][i]: the vote that learner l knows chosen
          prefix,     \* prefix[l]: instances 1..prefix[l] are delivered
          delivered,  \* delivered[l]: the values delivered, in order
          votes,      \* history: votes[a][i], every vote of a in instance i
          chosen,     \* history: chosen[i], the batches chosen in i
          order       \* history: the one order of values that chosen gives

acceptorVars == <<promised, vote, trimmed>>
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
    \cup [type : {"Delivered"}, lrn : Learner, inst : Instance]

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

(* The votes in instance i that some 1b messages report. *)
VotesReported(messages, i) ==
    {<<v[2], v[3]>> : v \in {w \in UNION {m.votes : m \in messages} : w[1] = i}}

(* Those that the promises of Q for ballot b report. *)
Reported(Q, b, i) == VotesReported(UNION {Promises(a, b, i) : a \in Q}, i)

(* Those that the owner of ballot b has heard of: all that any acceptor reported
   to it, in this ballot or in one of its own before. *)
Heard(b, i) ==
    VotesReported({m \in msgs : /\ m.type = "1b" /\ m.bal <= b
                               /\ Owner(m.bal) = Owner(b)}, i)

(* Somebody has proposed something in instance i or above it. *)
Reached(i) == \E m \in msgs : m.type = "2a" /\ m.inst >= i

(* A broadcast value was not proposed in ballot b, or may be passed over. *)
ValueWaits(b) ==
    \E v \in broadcast : Before(v) # {} \/
        \A m \in msgs : m.type = "2a" /\ m.bal = b => v \notin Range(m.batch)

-----------------------------------------------------------------------------
(* A client broadcasts a value: it submits it to the proposers, and submits
   it again until it sees it delivered.  A value is broadcast once; that it
   is submitted often is invisible here.  It broadcasts its values in turn. *)
Broadcast(v) ==
    /\ fresh:: v \notin broadcast
    /\ turn:: InTurn(v, broadcast)
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
    /\ range:: from <= to
    /\ prepare:: MayPrepare(b, from, to)
    /\ Send([type |-> "1a", bal |-> b, from |-> from, to |-> to])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* A promise only rises.  It may be repeated: the same leader asks for the
   next range, or the message may have been lost. *)
MayPromise(a, b, from, to) == \A s \in ScopesOf(from, to) : b >= promised[a][s]

(* Acceptor a promises b in these scopes, and keeps its promise in the others. *)
Promise(a, b, scopes) ==
    promised' = [promised EXCEPT ![a] =
        [s \in Scopes |-> IF s \in scopes THEN b ELSE @[s]]]

(* Of instances that it has trimmed an acceptor can report nothing: it does not
   know any more how it voted, and to say that it did not would be a lie. *)
MayReport(a, from) == from > trimmed[a]

(* Every vote of acceptor a in the range, as triples. *)
VotesOf(a, from, to) == {<<i, vote[a][i][1], vote[a][i][2]>> :
                            i \in {j \in from..to : vote[a][j] # NoVote}}

(* Acceptor a promises to vote in no ballot below b, and reports its votes in a
   range that was asked for, or in a part of it (the votes may not fit in one
   message).  The promise is for all instances, or for those of the range: by
   PromiseScope.  Of the others it has said nothing either way, so a leader counts
   it in the range only (Covers). *)
Phase1b(a, b, from, to) ==
    /\ range:: from <= to
    /\ asked:: \E m \in msgs : /\ m.type = "1a" /\ m.bal = b
                               /\ m.from <= from /\ to <= m.to
    /\ promise:: MayPromise(a, b, from, to)
    /\ trimmed:: MayReport(a, from)
    /\ Promise(a, b, ScopesOf(from, to))
    /\ Send([type |-> "1b", acc |-> a, bal |-> b, from |-> from, to |-> to,
             votes |-> VotesOf(a, from, to)])
    /\ UNCHANGED <<broadcast, vote, trimmed, learnerVars, historyVars>>

(* With no vote reported, the leader is free: any batch of broadcast values.
   The no-op is for filling a gap only. *)
MayPropose(batch, i) ==
    /\ broadcast:: Range(batch) \subseteq broadcast
    /\ gap:: batch = NoOp => Reached(i)

(* Otherwise it must take the batch of the highest vote: a batch that may
   have been chosen below b was voted for by some acceptor of every quorum,
   and no later ballot below b can have proposed anything else.

   The highest of those that the quorum reports, or one that it has heard of and
   that none of these is above: from an acceptor that is not in the quorum, or in
   an earlier ballot of its own.  That is as safe.  Let it be of ballot c.  Nobody
   in the quorum voted above c and below b, or ever will, so nothing is chosen
   there; in c there is only this batch; and whatever is chosen below c is this
   batch, or it had not been proposed in c. *)
IsHighest(v, reported) == \A w \in reported : w[1] <= v[1]

Highest(b, i, reported) == {v \in Heard(b, i) : IsHighest(v, reported)}

Proposable(batch, b, i, Q) ==
    LET reported == Reported(Q, b, i)
    IN  IF reported = {} THEN MayPropose(batch, i)
        ELSE batch \in {v[2] : v \in Highest(b, i, reported)}

(* A ballot is used for one proposal per instance, also by a proposer that
   restarts. *)
Unused(b, i) == Accepts(b, i) = {}

(* The owner of ballot b proposes a batch in instance i, after a quorum
   promised b for it.  It does so once per ballot and instance: hence a vote
   needs to name the ballot only, not the batch. *)
Phase2a(b, i, batch, Q) ==
    /\ once:: Unused(b, i)
    /\ promises:: \A a \in Q : Promises(a, b, i) # {}
    /\ highest:: Proposable(batch, b, i, Q)
    /\ Send([type |-> "2a", bal |-> b, inst |-> i, batch |-> batch])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* A quorum is among these acceptors. *)
HasQuorum(S) == \E Q \in Quorum : Q \subseteq S

(* History: acceptor a has voted in ballot b and instance i, whether or not it
   said so. *)
Voted(a, b, i) == <<b, BatchOf(b, i)>> \in votes[a][i]

(* History only, read by no process: acceptor a votes, and if that completes
   a quorum in ballot b, the batch is chosen.  The order follows from that.
   A vote counts from when it is durable, whether or not anybody was told. *)
RecordVote(a, b, i) ==
    /\ votes' = [votes EXCEPT ![a][i] = @ \cup {<<b, BatchOf(b, i)>>}]
    /\ IF HasQuorum({c \in Acceptor : c = a \/ Voted(c, b, i)})
       THEN /\ chosen' = [chosen EXCEPT ![i] = @ \cup {BatchOf(b, i)}]
            /\ order' = IF chosen' = chosen THEN order ELSE OrderOf(chosen')
       ELSE UNCHANGED <<chosen, order>>

MayVote(a, b, i) == b >= promised[a][ScopeOf(i)]

(* Instances that it has trimmed are over, and it does not begin them anew. *)
Remembers(a, i) == i > trimmed[a]

(* A vote is a promise too: having voted in b, an acceptor may not vote below
   b, in this instance or, by PromiseScope, in any other. *)
VotePromises(a, b, i) == Promise(a, b, {ScopeOf(i)})

(* Acceptor a votes for the batch proposed in ballot b, unless it promised a
   higher ballot.  It need not have promised b itself: the leader has its
   quorum of promises, and any quorum may vote. *)
Phase2b(a, b, i) ==
    /\ proposed:: Accepts(b, i) # {}
    /\ promise:: MayVote(a, b, i)
    /\ trimmed:: Remembers(a, i)
    /\ VotePromises(a, b, i)
    /\ vote' = [vote EXCEPT ![a][i] = <<b, BatchOf(b, i)>>]
    /\ Send([type |-> "2b", acc |-> a, bal |-> b, inst |-> i])
    /\ RecordVote(a, b, i)
    /\ UNCHANGED <<broadcast, trimmed, learnerVars>>

(* A proposer that knows of a quorum of votes in one ballot tells the
   learners.  Any proposer may: after a failover the votes of the old
   leader's ballot are as good as its own. *)
Decide(b, i, Q) ==
    /\ indirect:: ~DirectLearning
    /\ voted:: VotedTogether(Q, b, i)
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
    /\ once:: learned[l][i] = NoVote
    /\ decided:: MayLearn(b, i, Q)
    /\ learned' = [learned EXCEPT ![l][i] = <<b, BatchOf(b, i)>>]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, prefix, delivered,
                   historyVars>>

IsNext(l, i) == i = prefix[l] + 1

(* Learner l delivers the batch of the next instance: its values in their
   order, but for those that it has delivered before, and with FIFO those that
   come before their turn (AppendNew).  No instance may be
   skipped: its batch, when it is learned, comes before.  It says how far it
   is, for the acceptors to know what nobody needs any more. *)
Deliver(l, i) ==
    /\ next:: IsNext(l, i)
    /\ learned:: learned[l][i] # NoVote
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' = [delivered EXCEPT ![l] = AppendNew(@, learned[l][i][2])]
    /\ Send([type |-> "Delivered", lrn |-> l, inst |-> i])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

-----------------------------------------------------------------------------
(* Each learner of the cluster has said, in one of its lives, that it has
   delivered instance i, and so all below it.  Where nobody knows who the
   learners are, nobody can know this. *)
DeliveredEverywhere(i) ==
    /\ Lives # {}
    /\ \A lives \in Lives : \E l \in lives :
           [type |-> "Delivered", lrn |-> l, inst |-> i] \in msgs

(* Acceptor a forgets its votes in the instances up to i, so that its storage
   does not grow for ever.  A learner that is started again later cannot learn
   these instances from a any more: that is what the guard is for, and why an
   implementation retains some of them.

   For Agreement it would not be needed.  What a has trimmed it is silent
   about, as if it were down: MayReport.  A leader that has a quorum of
   promises for instance i has them from acceptors that still had their votes
   there when they promised, so it hears of any batch chosen below its ballot,
   as ever; if too many acceptors have trimmed i, there is no such quorum, and
   no batch at all is proposed there.  What must never happen is that an
   acceptor forgets its votes and still answers as if it had cast none (see
   paxos-trim-answers in models/).

   votes and chosen are history, not storage, and keep everything: to the rung
   above, nothing happens here. *)
Trim(a, i) ==
    /\ further:: i > trimmed[a]
    /\ delivered:: DeliveredEverywhere(i)
    /\ trimmed' = [trimmed EXCEPT ![a] = i]
    /\ vote' = [vote EXCEPT ![a] =
           [j \in Instance |-> IF j <= i THEN NoVote ELSE @[j]]]
    /\ UNCHANGED <<broadcast, msgs, promised, learnerVars, historyVars>>

-----------------------------------------------------------------------------
(* Crashes.  A client, a proposer and a learner lose everything but for the
   highest round that a proposer has used, which it made durable before it
   sent the 1a.  A proposer that comes back takes a higher round, so Unused
   is true of what it proposes then, though it remembers no proposal; the
   ballot that it was in is left as it is, and its messages remain.  What else
   a proposer may do follows from messages, which it may just as well have
   received after the crash.  A learner or a client that comes back is
   another one: see Lives.  So no step is needed for these.

   An acceptor has stable storage.  It makes a promise or a vote durable, and
   sends it after that.  If it crashes before, the messages that it received
   are lost with it, which needs no step.  If it crashes after, nothing is
   lost, and Recover changes nothing: the step is here to be said, and to be
   broken (see models/).  If it crashes in between, it comes back with a
   promise or a vote that nobody has seen: RecoverPromise and RecoverVote are
   Phase1b and Phase2b without the message.  Several of them, where it handled
   several messages together, are several steps; and so are the promises in
   several instances, if each has its own. *)
Recover(a) == UNCHANGED vars

RecoverPromise(a, b, s) ==
    /\ asked:: \E m \in msgs : /\ m.type = "1a" /\ m.bal = b
                               /\ s \in ScopesOf(m.from, m.to)
                               /\ MayReport(a, IF s = 0 THEN m.to ELSE s)
    /\ promise:: b >= promised[a][s]
    /\ Promise(a, b, {s})
    /\ UNCHANGED <<broadcast, msgs, vote, trimmed, learnerVars, historyVars>>

RecoverVote(a, b, i) ==
    /\ proposed:: Accepts(b, i) # {}
    /\ promise:: MayVote(a, b, i)
    /\ trimmed:: Remembers(a, i)
    /\ VotePromises(a, b, i)
    /\ vote' = [vote EXCEPT ![a][i] = <<b, BatchOf(b, i)>>]
    /\ RecordVote(a, b, i)
    /\ UNCHANGED <<broadcast, msgs, trimmed, learnerVars>>

(* Acceptor a says again what it voted in instance i: a 2a came twice, or a
   learner asks.  This may be after it promised a higher ballot, for it is true
   that it voted.  The message is a new one only after RecoverVote. *)
Repeat(a, i) ==
    /\ voted:: vote[a][i] # NoVote
    /\ Send([type |-> "2b", acc |-> a, bal |-> vote[a][i][1], inst |-> i])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ msgs = {}
        /\ promised  = [a \in Acceptor |-> [s \in Scopes |-> 0]]
        /\ vote      = [a \in Acceptor |-> [i \in Instance |-> NoVote]]
        /\ trimmed   = [a \in Acceptor |-> 0]
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
        \/ \E a \in Acceptor, i \in Instance : Trim(a, i)
        \/ \E a \in Acceptor : Recover(a)
        \/ \E a \in Acceptor, b \in Ballot, s \in Scopes : RecoverPromise(a, b, s)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : RecoverVote(a, b, i)
        \/ \E a \in Acceptor, i \in Instance : Repeat(a, i)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ msgs \subseteq Message
          /\ promised \in [Acceptor -> [Scopes -> {0} \cup Ballot]]
          /\ vote \in [Acceptor -> [Instance -> Vote]]
          /\ trimmed \in [Acceptor -> 0..Instances]
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

(* What one client broadcast is delivered in the order in which it did, and
   nothing of it is left out (Hadzilacos and Toueg, 1994, FIFO Order). *)
FIFO == \A l \in Learner : EachInTurn(delivered[l])

(* Two proposals of one ballot in one instance are the same proposal. *)
OneBatchPerBallot == \A m, n \in msgs :
    m.type = "2a" /\ n.type = "2a" /\ m.bal = n.bal /\ m.inst = n.inst => m = n

(* No acceptor has a vote above its promise. *)
VotesBelowPromise == \A a \in Acceptor, i \in Instance :
    vote[a][i][1] <= promised[a][ScopeOf(i)]

(* What was learned was voted for by one quorum in one ballot. *)
LearnedFromOneBallot == \A l \in Learner, i \in Instance :
    learned[l][i] # NoVote =>
        HasQuorum({a \in Acceptor : HasVoted(a, learned[l][i][1], i)})

(* What an acceptor has trimmed is over: every learner has delivered it, and
   the acceptor has no vote there. *)
TrimmedIsOver == \A a \in Acceptor :
    /\ trimmed[a] > 0 => \A lives \in Lives :
                             \E l \in lives : prefix[l] >= trimmed[a]
    /\ \A i \in Instance : i <= trimmed[a] => vote[a][i] = NoVote

-----------------------------------------------------------------------------
(* The rung above: the same without messages.  Its variables are all here, as
   history has been added (Abadi and Lamport, The Existence of Refinement
   Mappings, 1991): so the mapping is the identity. *)
LV == INSTANCE LogVoting
Refinement == LV!Spec
=============================================================================
