----------------------------- MODULE MultiPaxos -----------------------------
(***************************************************************************)
(* Atomic broadcast by Multi-Paxos (Lamport, Paxos Made Simple, section    *)
(* 3), with messages: milestones 2 and 3.  Traces of the implementation    *)
(* are judged by this module: one action here is one event there.          *)
(*                                                                         *)
(* Its constants, variables and messages are in MultiPaxosState: to be     *)
(* read first.  What learners do that keep checkpoints is in Checkpoints.  *)
(***************************************************************************)
EXTENDS Checkpoints

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
   have been chosen below b was voted for by some acceptor of every quorum of
   phase 1, and no later ballot below b can have proposed anything else.

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

(* A quorum of phase 2 is among these acceptors. *)
HasQuorum(S) == \E Q \in Quorum2 : Q \subseteq S

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
   quorum of promises, and any quorum of phase 2 may vote. *)
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
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, stateVars, taken,
                   checkpoint, historyVars>>

IsNext(l, i) == i = prefix[l] + 1

(* Learner l delivers the batch of the next instance: its values in their
   order, but for those that it has delivered before, and with FIFO those that
   come before their turn (NewOf).  No instance may be skipped: its batch, when
   it is learned, comes before.  It says how far it is, for the acceptors to know
   what nobody needs any more. *)
Deliver(l, i) ==
    /\ next:: IsNext(l, i)
    /\ learned:: learned[l][i] # NoVote
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' =
           [delivered EXCEPT ![l] = AppendNew(@, known[l], learned[l][i][2])]
    /\ known' = [known EXCEPT ![l] = Remember(@, NewOf(@, learned[l][i][2]))]
    /\ Send([type |-> "Delivered", lrn |-> l, inst |-> i])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, taken, checkpoint,
                   historyVars>>

-----------------------------------------------------------------------------
(* Learner l has said that it will not ask for instance i, or those below it:
   it has delivered them, or if it keeps checkpoints, they are in one. *)
HasDelivered(l, i) == [type |-> "Delivered", lrn |-> l, inst |-> i] \in msgs

HasCheckpoint(l, i) ==
    \E m \in msgs : m.type = "Checkpointed" /\ m.lrn = l /\ m.inst >= i

IsDone(l, i) == IF l \in Keeps THEN HasCheckpoint(l, i) ELSE HasDelivered(l, i)

(* Each learner of one set has said so, in one of its lives.  Where nobody knows
   who the learners are, nobody can know this. *)
MayForget(i) == \E K \in Keepers :
    K # {} /\ \A lives \in K : \E l \in lives : IsDone(l, i)

(* Acceptor a forgets its votes in the instances up to i, so that its storage
   does not grow for ever.  A learner that is started again later without a
   checkpoint cannot learn these instances from a any more: that is what the guard
   is for, and why an implementation retains some of them.

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
    /\ delivered:: MayForget(i)
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
   received after the crash.  A client that comes back is another one, and so is
   a learner without a checkpoint: see Lives.  So no step is needed for these.

   An acceptor has stable storage.  It makes a promise or a vote durable, and
   sends it after that.  If it crashes before, the messages that it received
   are lost with it, which needs no step.  If it crashes after, nothing is
   lost, and Recover changes nothing: the step is here to be said, and to be
   broken (see models/).  If it crashes in between, it comes back with a
   promise or a vote that nobody has seen: RecoverPromise and RecoverVote are
   Phase1b and Phase2b without the message.  Several of them, where it handled
   several messages together, are several steps; and so are the promises in
   several instances, if each has its own.  In the same way a learner comes back
   with a checkpoint that nobody was told of: RecoverCheckpoint or RecoverInstall,
   then Restart. *)
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
        /\ msgs = Foreign
        /\ promised  = [a \in Acceptor |-> [s \in Scopes |-> 0]]
        /\ vote      = [a \in Acceptor |-> [i \in Instance |-> NoVote]]
        /\ trimmed   = [a \in Acceptor |-> 0]
        /\ learned   = [l \in Learner |-> [i \in Instance |-> NoVote]]
        /\ prefix    = [l \in Learner |-> 0]
        /\ delivered = [l \in Learner |-> << >>]
        /\ known     = [l \in Learner |-> {}]
        /\ taken      = [l \in Learner |-> Beginning]
        /\ checkpoint = [l \in Learner |-> Beginning]
        /\ votes     = [a \in Acceptor |-> [i \in Instance |-> {}]]
        /\ chosen    = [i \in Instance |-> {}]
        /\ order     = << >>

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E b \in Ballot, from, to \in Instance : Phase1a(b, from, to)
        \/ \E a \in Acceptor, b \in Ballot, from, to \in Instance :
               Phase1b(a, b, from, to)
        \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
               Phase2a(b, i, batch, Q)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : Phase2b(a, b, i)
        \/ \E b \in Ballot, i \in Instance, Q \in Quorum2 : Decide(b, i, Q)
        \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
               Learn(l, b, i, Q)
        \/ \E l \in Learner, i \in Instance : Deliver(l, i)
        \/ \E l \in Learner : TakeSnapshot(l)
        \/ \E l \in Learner : Checkpoint(l)
        \/ \E l \in Learner : Restart(l)
        \/ \E l \in Learner : SendSnapshot(l)
        \/ \E l \in Keeps, m \in msgs : InstallSnapshot(l, m)
        \/ \E a \in Acceptor, i \in Instance : Trim(a, i)
        \/ \E a \in Acceptor : Recover(a)
        \/ \E a \in Acceptor, b \in Ballot, s \in Scopes : RecoverPromise(a, b, s)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : RecoverVote(a, b, i)
        \/ \E l \in Learner : RecoverCheckpoint(l)
        \/ \E l \in Keeps, m \in msgs : RecoverInstall(l, m)
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
          /\ known \in [Learner -> SUBSET Value]
          /\ \A l \in Learner : {taken[l], checkpoint[l]} \subseteq Snapshot
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

(* What an acceptor has trimmed is over: all learners of one of the Keepers have
   it, delivered or in a checkpoint, and the acceptor has no vote there. *)
Has(l, i) == IF l \in Keeps THEN checkpoint[l].prefix >= i ELSE prefix[l] >= i

TrimmedIsOver == \A a \in Acceptor :
    /\ trimmed[a] > 0 => \E K \in Keepers : K # {} /\ \A lives \in K :
                             \E l \in lives : Has(l, trimmed[a])
    /\ \A i \in Instance : i <= trimmed[a] => vote[a][i] = NoVote

-----------------------------------------------------------------------------
(* The rung above: the same without messages.  Its variables are all here, as
   history has been added (Abadi and Lamport, The Existence of Refinement
   Mappings, 1991): so the mapping is the identity. *)
LV == INSTANCE LogVoting
Refinement == LV!Spec
=============================================================================
