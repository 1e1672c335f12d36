----------------------------- MODULE MCMultiPaxos -----------------------------
(***************************************************************************)
(* Models of MultiPaxos: constants, reductions, and mutants.  Each .cfg of *)
(* this folder that names them says which.                                 *)
(*                                                                         *)
(* The sets of a model are written out in its .cfg.  Its quorums are the   *)
(* least majorities: what a larger quorum allows, a least majority within  *)
(* it allows too (one that holds its highest vote).                        *)
(***************************************************************************)
EXTENDS MultiPaxosInductive, TLC

(* Values, acceptors and learners are interchangeable; ballots are not. *)
Symmetry == Permutations(Value) \cup Permutations(Acceptor)
                \cup Permutations(Learner)

(* With FIFO, values are not. *)
SymmetryFifo == Permutations(Acceptor) \cup Permutations(Learner)

(* Where some learners keep checkpoints, these are among themselves. *)
SymmetryKeeps == Permutations(Value) \cup Permutations(Acceptor)
                     \cup Permutations(Keeps) \cup Permutations(Learner \ Keeps)

(* Before, for FIFO, where values are numbers: those in a row are of one client,
   so that 11 and 12 are, and 21 is of another. *)
OneBelow(v) == {v - 1} \cap Value

-----------------------------------------------------------------------------
(* Reduced is Spec without behaviours that differ from one that it has only
   in what is done early or late.  No guard of the spec needs a value, a 1a, a
   1b, a Decide or a delivery to be absent, so one that is there early only
   allows more; and what a learner may do stays possible, with the same effect.
   Hence, in this order:
   - values are broadcast, and every 1a is sent, before the rest.  With
     PrepareAhead the 1a for all instances stands for all others; except where
     each instance has a promise of its own: there a 1a for one of them, and its
     answer, say all that one for a range would;
   - a 1a is answered whole, and once: an acceptor's votes below its promise
     are the same in every answer, and a vote in the ballot itself is of no
     use to a leader that has made its proposal there.  (In a later ballot of its
     own it may take it: Heard.  So this loses something where Rounds is above 1,
     and nothing where a proposer has one ballot);
   - acceptors promise ballot 1 at once: that gives up nothing, for there is
     no lower ballot, and they have no votes yet;
   - what was chosen is decided, and what was learned is delivered, at once;
   - learners learn after the highest ballot has run its full course, which
     it always can.
   The models with SPECIFICATION Spec are without any of this. *)

Requests ==
    {[type |-> "1a", bal |-> b, from |-> r[1], to |-> r[2]] : b \in Ballot,
        r \in IF PrepareAhead /\ PromiseScope = "log" THEN {<<1, Instances>>}
              ELSE {<<i, i>> : i \in Instance}}

Answered(a, r) == \E m \in msgs : /\ m.type = "1b" /\ m.acc = a /\ m.bal = r.bal
                                  /\ m.from = r.from /\ m.to = r.to

AnswersIn(a, b, i) == \A r \in Requests :
    r.bal = b /\ ScopeOf(r.from) = ScopeOf(i) => Answered(a, r)

(* What is due, and when an acceptor may vote: first for all models, then for
   those that are large.  There an acceptor answers all 1a of a ballot in a row,
   and answers them before it votes in that ballot, when it votes: its votes
   below the ballot are final from the promise on, and the promise comes with
   the vote anyway.  (The mutants of VotePromises are lost by that.) *)
DueNow(a, r)  == r.bal = 1
DueSoon(a, r) == LET b == promised[a][ScopeOf(r.from)]
                 IN  r.bal = IF b = 0 THEN 1 ELSE b

MayVoteNow(a, b, i) == TRUE
AnswersFirst(a, b, i) == AnswersIn(a, b, i)

DueAnswers == {ar \in Acceptor \X Requests :
                   DueNow(ar[1], ar[2]) /\ ~Answered(ar[1], ar[2])}

DueDecisions == IF DirectLearning THEN {}
    ELSE {bi \in Ballot \X Instance :
             /\ [type |-> "Decide", bal |-> bi[1], inst |-> bi[2]] \notin msgs
             /\ \E Q \in Quorum2 : VotedTogether(Q, bi[1], bi[2])}

DueDeliveries == {l \in Learner : prefix[l] < Instances
                                  /\ learned[l][prefix[l] + 1] # NoVote}

Finished == \A a \in Acceptor, i \in Instance : HasVoted(a, Rounds * Proposers, i)

(* A learner may learn in any order of instances.  Or, where there are many
   learners, the next one only: what it learned above, nobody looks at before it is
   the next, so that to learn it may be put off; and what it has passed, by a
   snapshot, nobody looks at any more. *)
MayLearnNow(l, i) == TRUE
LearnNext(l, i)   == IsNext(l, i)

(* A proposer may propose in any order of instances. *)
MayProposeNow(b, i) == TRUE

(* Not so here.  This does lose behaviours: those out of order. *)
InOrder(b, i) == i = 1 \/ Accepts(b, i - 1) # {}

(* An acceptor may answer any 1a. *)
MayAnswerNow(a, r) == TRUE

ReducedNext ==
    IF broadcast # Value THEN \E v \in Value : Broadcast(v)
    ELSE IF ~(Requests \subseteq msgs)
    THEN \E r \in Requests \ msgs : Phase1a(r.bal, r.from, r.to)
    ELSE IF DueAnswers # {}
    THEN \E ar \in DueAnswers : Phase1b(ar[1], ar[2].bal, ar[2].from, ar[2].to)
    ELSE IF DueDecisions # {}
    THEN \E bi \in DueDecisions, Q \in Quorum2 : Decide(bi[1], bi[2], Q)
    ELSE IF DueDeliveries # {}
    THEN \E l \in DueDeliveries, i \in Instance : Deliver(l, i)
    ELSE \/ \E a \in Acceptor, r \in Requests :
                /\ MayAnswerNow(a, r)
                /\ ~Answered(a, r)
                /\ Phase1b(a, r.bal, r.from, r.to)
         \/ \E b \in Ballot, i \in Instance :
                /\ MayProposeNow(b, i)
                /\ \E batch \in Batch, Q \in Quorum1 : Phase2a(b, i, batch, Q)
         \/ \E a \in Acceptor, b \in Ballot, i \in Instance :
                MayVoteNow(a, b, i) /\ ~HasVoted(a, b, i) /\ Phase2b(a, b, i)
         \/ /\ Finished
            /\ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
                   MayLearnNow(l, i) /\ Learn(l, b, i, Q)

Reduced == Init /\ [][ReducedNext]_vars

(* The same with acceptors that restart: for mutants of Recover. *)
ReducedWithRecovery ==
    Init /\ [][ReducedNext \/ \E a \in Acceptor : Recover(a)]_vars

(* With acceptors that answer again, and say what they voted in the ballot itself:
   a later ballot of the same proposer may take it.  There is no later one than the
   last; and a vote in the first is below any other. *)
Repeats == \E a \in Acceptor, r \in Requests :
               /\ r.bal \notin {1, Rounds * Proposers}
               /\ r \in msgs
               /\ Phase1b(a, r.bal, r.from, r.to)

ReducedWithRepeats == Init /\ [][ReducedNext \/ Repeats]_vars

(* And with learners that learn at any time: for mutants of learning. *)
LearnEarly == \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
                  MayLearnNow(l, i) /\ Learn(l, b, i, Q)

ReducedLearnEarly == Init /\ [][ReducedNext \/ LearnEarly]_vars

(* With acceptors that crash between making something durable and sending it. *)
Crash ==
    \/ \E a \in Acceptor, b \in Ballot, s \in Scopes : RecoverPromise(a, b, s)
    \/ \E a \in Acceptor, b \in Ballot, i \in Instance :
           MayVoteNow(a, b, i) /\ RecoverVote(a, b, i)
    \/ \E a \in Acceptor, i \in Instance : Repeat(a, i)

ReducedWithCrashes == Init /\ [][ReducedNext \/ Crash]_vars

(* With acceptors that trim.  There learners must learn early: after the
   highest ballot has run its course, nothing can go wrong any more. *)
Trims == \E a \in Acceptor, i \in Instance : Trim(a, i)

ReducedWithTrimming == Init /\ [][ReducedNext \/ LearnEarly \/ Trims]_vars

(* And with those that answer for the part of a 1a that they still have: one that
   has trimmed cannot answer it whole.  What a leader proposes above what was
   trimmed hangs on these answers. *)
Parts == \E a \in Acceptor, r \in Requests :
             LET part == [r EXCEPT !.from = trimmed[a] + 1]
             IN  /\ r.from <= trimmed[a] /\ trimmed[a] < r.to
                 /\ ~Answered(a, part)
                 /\ Phase1b(a, r.bal, part.from, r.to)

ReducedWithParts ==
    Init /\ [][ReducedNext \/ LearnEarly \/ Trims \/ Parts]_vars

(* With learners that keep checkpoints.  Nothing is lost by this:
   - a snapshot is durable as soon as it is taken.  Nobody looks at it in between;
     if its learner restarts or installs another one before, that is as if it had
     not been taken; and the message Checkpointed, if it is there early, only
     allows more.  For the same reason no learner crashes between making it durable
     and saying so;
   - a checkpoint is sent to all at once;
   - a learner restarts only where it loses something that it delivered.  What it
     has only learned it may learn again. *)
CheckpointNow(l) ==
    /\ StateOf(l).prefix > checkpoint[l].prefix
    /\ Durable(l, StateOf(l))
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> StateOf(l).prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, stateVars, historyVars>>

DueSnapshots == {l \in Keeps : checkpoint[l] # Beginning /\
    [type |-> "Snapshot", cluster |-> "ours", state |-> checkpoint[l]] \notin msgs}

Installs == \E l \in Keeps, m \in msgs : InstallSnapshot(l, m)

Restarts == \E l \in Keeps : prefix[l] > checkpoint[l].prefix /\ Restart(l)

KeepingNext ==
    IF DueSnapshots # {} THEN \E l \in DueSnapshots : SendSnapshot(l)
    ELSE \/ ReducedNext
         \/ \E l \in Keeps : CheckpointNow(l)
         \/ Restarts
         \/ Installs

ReducedWithCheckpoints == Init /\ [][KeepingNext]_vars

(* Snapshots that are taken, and then durable: for mutants of that. *)
KeepingSlowlyNext ==
    IF DueSnapshots # {} THEN \E l \in DueSnapshots : SendSnapshot(l)
    ELSE \/ ReducedNext
         \/ \E l \in Keeps :
                StateOf(l).prefix > checkpoint[l].prefix /\ TakeSnapshot(l)
         \/ \E l \in Keeps : Checkpoint(l)
         \/ Restarts
         \/ Installs

ReducedWithSnapshots == Init /\ [][KeepingSlowlyNext]_vars

(* With acceptors that trim, and with those that crash. *)
ReducedKeepingAndTrimming ==
    Init /\ [][IF DueSnapshots # {} THEN KeepingNext
               ELSE KeepingNext \/ LearnEarly \/ Trims]_vars

ReducedSlowlyAndTrimming ==
    Init /\ [][IF DueSnapshots # {} THEN KeepingSlowlyNext
               ELSE KeepingSlowlyNext \/ LearnEarly \/ Trims]_vars

ReducedKeepingAndCrashes ==
    Init /\ [][IF DueSnapshots # {} THEN KeepingNext
               ELSE KeepingNext \/ LearnEarly \/ Trims \/ Crash]_vars

(* Snapshots of another cluster are about: its order began with a value of ours,
   which may have come to it too. *)
TheirSnapshots ==
    {[type |-> "Snapshot", cluster |-> "theirs",
      state |-> [prefix |-> 1, delivered |-> <<v>>, known |-> {v}]] : v \in Value}

(* Later, for sessions, where values are numbers, and of one client: 11 and 12 are
   of its first incarnation, 21 of the second. *)
TensAbove(v) == {w \in Value : w \div 10 > v \div 10}

(* The learners of the model are lives of one, which was started again. *)
OneLearner == {Learner}

(* Nobody knows how many learners there are. *)
NoLives == {}

(* A proposer asks, and acceptors answer, and nothing more. *)
Asks == \/ \E b \in Ballot, from, to \in Instance : Phase1a(b, from, to)
        \/ \E a \in Acceptor, b \in Ballot, from, to \in Instance :
               Phase1b(a, b, from, to)

OnlyPhase1 == Init /\ [][Asks]_vars

(* With both, and with restarts: for mutants of Recover. *)
ReducedWithAll ==
    Init /\ [][\/ ReducedNext \/ LearnEarly \/ Trims \/ Crash
               \/ \E a \in Acceptor : Recover(a)]_vars

-----------------------------------------------------------------------------
(* One ballot after another, for three ballots: where there is one promise for the
   log, and each proposer has one ballot.

   A step of a ballot sees nothing of higher ones.  Its 1a, 1b, 2a and 2b are the
   ballot's own; what a 1b reports are votes below it, which are final from the
   promise on; and an acceptor promises and votes in ballots that only rise.  So
   where a step is followed by one of a lower ballot, neither sees the other, and
   they may change places, with the same state after both.  Hence every state that
   can be reached can be reached without going back to a ballot below one that has
   begun.  (Fewer ways to the same states: paxos-ballots-mixed has as many as
   paxos-ballots-in-turn.)  One guard does look up: that a gap is filled only where
   somebody has proposed above it, in any ballot.  So it is not asked here.
   (Mutants by which an acceptor goes back, or forgets, are lost by this.) *)
NoneAbove(b) == \A a \in Acceptor : promised[a][0] <= b

AnswersInTurn(a, r)  == NoneAbove(r.bal)
ProposesInTurn(b, i) == NoneAbove(b)
VotesInTurn(a, b, i) == NoneAbove(b) /\ AnswersIn(a, b, i)
AnyBatch(batch, i)   == Range(batch) \subseteq broadcast

(* Then all acceptors may as well answer in a ballot before anything else is done in
   it: an answer only allows more, and what it forbids its acceptor is over.  This
   makes Phase 1 one step, as it were, and leaves the 2a and the votes of a ballot
   to be searched. *)
DueInTurn(a, r) ==
    /\ NoneAbove(r.bal)
    /\ r.bal = 1 \/ \E c \in Acceptor : promised[c][0] = r.bal

(* Two batches are enough, for each instance: what is done with a batch is to pass
   it on, and to compare it with another.  Say that all but one that was chosen are
   the same one: then each step is still one, and what was chosen beside it still
   differs from it.  The no-op is no other batch in this. *)
AnyValue(batch, i) == batch # NoOp /\ AnyBatch(batch, i)

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* QuorumsMeet: quorums of the two phases that do not meet may be chosen. *)
AnyQuorums == TRUE

(* VotedTogether: the votes of a quorum of phase 1 are counted. *)
VotedByPhase1(Q, b, i) == \E R \in Quorum1 : \A a \in R : HasVoted(a, b, i)

(* Proposable: whatever was reported, the leader's own batch. *)
OwnBatch(batch, b, i, Q) == MayPropose(batch, i)

(* MayPropose: also values that nobody broadcast. *)
Invented(batch, i) == batch = NoOp => Reached(i)

(* MayPropose: of a batch only the first value must be broadcast. *)
FirstBroadcast(batch, i) ==
    IF batch = NoOp THEN Reached(i) ELSE Head(batch) \in broadcast

(* IsHighest: the batch of the lowest vote, or of any. *)
IsLowest(w, reported) == \A x \in reported : w[1] <= x[1]
IsAny(w, reported)    == TRUE

(* Highest: the vote heard in an earlier ballot, whatever this one reports. *)
HeardBefore(b, i, reported) ==
    VotesReported({m \in msgs : m.type = "1b" /\ m.bal < b}, i)

(* Promises: a promise of an older ballot is counted too. *)
StalePromises(a, b, i) ==
    {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal <= b /\ Covers(m, i)}

(* Covers: a promise is taken to speak of all later instances too. *)
CoversFuture(m, i) == m.from <= i

(* VotesOf: the report skips the instances after the first. *)
VotesOfFirst(a, from, to) ==
    {<<i, vote[a][i][1], vote[a][i][2]>> :
        i \in {j \in {from} : vote[a][j] # NoVote}}

(* Reported: of the votes that the quorum reports, only those of the last ballot
   that any of them is of, in whichever instance: as if its leader had proposed again
   in every instance.  It may have died after the first. *)
ReportedOfLastBallot(Q, b, i) ==
    LET all == UNION {m.votes : m \in UNION {Promises(a, b, i) : a \in Q}}
    IN  {<<w[2], w[3]>> : w \in
            {v \in all : v[1] = i /\ \A x \in all : x[2] <= v[2]}}

(* VotesOf: the same mistake in the acceptor: it keeps the votes of the last ballot
   only that it voted in. *)
VotesOfLastBallot(a, from, to) ==
    {<<i, vote[a][i][1], vote[a][i][2]>> :
        i \in {j \in from..to : /\ vote[a][j] # NoVote
                               /\ \A k \in Instance : vote[a][k][1] <= vote[a][j][1]}}

(* Phase1b: the votes are those of a part of what was asked for, and the answer says
   that it is whole. *)
PartClaimed(a, b, from, to) ==
    /\ from <= to
    /\ MayPromise(a, b, from, to)
    /\ MayReport(a, from)
    /\ Promise(a, b, ScopesOf(from, to))
    /\ \E m \in msgs : /\ m.type = "1a" /\ m.bal = b
                       /\ m.from <= from /\ to <= m.to
                       /\ Send([type |-> "1b", acc |-> a, bal |-> b,
                                from |-> m.from, to |-> m.to,
                                votes |-> VotesOf(a, from, to)])
    /\ UNCHANGED <<broadcast, vote, trimmed, learnerVars, historyVars>>

(* VotesReported: a vote is taken for one in whichever instance. *)
VotesAnywhere(messages, i) ==
    {<<v[2], v[3]>> : v \in UNION {m.votes : m \in messages}}

(* VotedTogether: votes for the batch of ballot b, in any ballots. *)
VotedApart(Q, b, i) ==
    /\ Accepts(b, i) # {}
    /\ \A a \in Q : \E c \in Ballot :
           HasVoted(a, c, i) /\ BatchOf(c, i) = BatchOf(b, i)

(* Decide: from one vote. *)
DecideByOne(b, i, Q) ==
    /\ ~DirectLearning
    /\ \E a \in Q : HasVoted(a, b, i)
    /\ Send([type |-> "Decide", bal |-> b, inst |-> i])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* MayVote, MayPromise: also below the promise. *)
VoteAnyway(a, b, i)           == TRUE
PromiseAnyway(a, b, from, to) == TRUE

(* VotePromises: a vote leaves the promise as it is, or passes it by one. *)
VoteKeepsPromise(a, b, i) == promised' = promised
VotePromisesNext(a, b, i) == Promise(a, b + 1, {ScopeOf(i)})

(* Recover: the promise was not stored; the votes were, and stand for it. *)
HighestVote(a, s) ==
    LET ballots == {vote[a][i][1] : i \in {j \in Instance : ScopeOf(j) = s}}
    IN  CHOOSE b \in ballots : \A c \in ballots : c <= b

PromiseLost(a) ==
    /\ promised' = [promised EXCEPT ![a] = [s \in Scopes |-> HighestVote(a, s)]]
    /\ UNCHANGED <<broadcast, msgs, vote, trimmed, learnerVars, historyVars>>

(* Recover: the votes were not stored. *)
VoteLost(a) ==
    /\ vote' = [vote EXCEPT ![a] = [i \in Instance |-> NoVote]]
    /\ UNCHANGED <<broadcast, msgs, promised, trimmed, learnerVars, historyVars>>

(* RecoverVote: a vote below the promise, which stays as it is. *)
OldVoteRecovered(a, b, i) ==
    /\ Accepts(b, i) # {}
    /\ ~HasVoted(a, b, i)
    /\ vote' = [vote EXCEPT ![a][i] = <<b, BatchOf(b, i)>>]
    /\ promised' = [promised EXCEPT ![a][ScopeOf(i)] = IF b > @ THEN b ELSE @]
    /\ RecordVote(a, b, i)
    /\ UNCHANGED <<broadcast, msgs, trimmed, learnerVars>>

(* RecoverVote: the vote was sent before it was durable, and the acceptor
   crashed in between. *)
SentFirst(a, b, i) ==
    /\ Accepts(b, i) # {}
    /\ MayVote(a, b, i)
    /\ Send([type |-> "2b", acc |-> a, bal |-> b, inst |-> i])
    /\ RecordVote(a, b, i)
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars>>

(* RecoverPromise: the promise was sent before it was durable. *)
PromiseSentFirst(a, b, s) ==
    /\ b >= promised[a][s]
    /\ \E m \in msgs : /\ m.type = "1a" /\ m.bal = b
                       /\ s \in ScopesOf(m.from, m.to)
                       /\ Send([type |-> "1b", acc |-> a, bal |-> b,
                                from |-> m.from, to |-> m.to,
                                votes |-> VotesOf(a, m.from, m.to)])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* MayForget: one learner has delivered it. *)
DeliveredSomewhere(i) == \E l \in Learner : HasDelivered(l, i)

(* MayReport, Remembers: as if nothing had been trimmed. *)
ReportAnyway(a, from) == TRUE
RemembersAll(a, i)    == TRUE

(* Trim: the votes in all instances are forgotten. *)
TrimAll(a, i) ==
    /\ i > trimmed[a]
    /\ MayForget(i)
    /\ trimmed' = [trimmed EXCEPT ![a] = i]
    /\ vote' = [vote EXCEPT ![a] = [j \in Instance |-> NoVote]]
    /\ UNCHANGED <<broadcast, msgs, promised, learnerVars, historyVars>>

(* Recover: the votes were trimmed, but not that they were was stored. *)
TrimLost(a) ==
    /\ trimmed' = [trimmed EXCEPT ![a] = 0]
    /\ UNCHANGED <<broadcast, msgs, promised, vote, learnerVars, historyVars>>

(* Unused: a ballot may be used again in an instance. *)
UsedAgain(b, i) == TRUE

(* IsNext: a gap may be skipped. *)
GapSkipped(l, i) == i > prefix[l]

(* NewOf: duplicates are not dropped. *)
AllOf(table, batch) == batch

(* InTurn: any value may come first. *)
AnyTurn(v, S) == TRUE

(* Proposable: the turn is asked for where a value is proposed, and not where it is
   delivered (with AnyTurn): the value before it is proposed in the same ballot,
   below it.  What votes oblige to is proposed all the same. *)
ProposedBelow(b, i) == UNION {Range(m.batch) : m \in
    {n \in msgs : n.type = "2a" /\ n.bal = b /\ n.inst < i}}

ProposableInTurn(batch, b, i, Q) ==
    LET reported == Reported(Q, b, i)
    IN  IF reported = {}
        THEN /\ MayPropose(batch, i)
             /\ \A k \in DOMAIN batch : Before(batch[k]) \subseteq
                    ProposedBelow(b, i) \cup {batch[j] : j \in 1..(k - 1)}
        ELSE batch \in {v[2] : v \in Highest(b, i, reported)}

(* NewOf: the value before it is before it in the batch, though that one may have
   been passed over. *)
NewAfterPassed(table, batch) ==
    LET turn(k) == InTurn(batch[k], table \cup {batch[j] : j \in 1..(k - 1)})
        new == {k \in DOMAIN batch : batch[k] \notin table /\ turn(k)}
    IN  SelectSeq(batch, LAMBDA v : \E k \in new : batch[k] = v)

(* StateOf: the highest instance that was learned is taken for delivered. *)
HighestLearned(l) ==
    LET highest == {i \in 0..Instances : \A j \in Instance :
                       learned[l][j] # NoVote => j <= i}
    IN  CHOOSE i \in highest : \A j \in highest : i <= j

StateAhead(l) == [prefix |-> HighestLearned(l), delivered |-> delivered[l],
                  known |-> known[l]]

(* StateOf: the application has not caught up, and its last value is missing. *)
StateBehind(l) ==
    [prefix |-> prefix[l], known |-> known[l],
     delivered |-> IF delivered[l] = << >> THEN << >>
                   ELSE SubSeq(delivered[l], 1, Len(delivered[l]) - 1)]

(* Durable: what is written is the application's state as it is now, beside the
   position and the table of when the snapshot was taken. *)
DurableTorn(l, s) ==
    /\ checkpoint' = [checkpoint EXCEPT ![l] = [s EXCEPT !.delivered = delivered[l]]]
    /\ taken' = [taken EXCEPT ![l] = Beginning]

(* Durable: the snapshot that is being taken stays, and is written over a newer one. *)
DurableBeside(l, s) ==
    /\ checkpoint' = [checkpoint EXCEPT ![l] = s]
    /\ UNCHANGED taken

(* TakeSnapshot: who keeps no checkpoints takes one, too. *)
AnybodyTakes(l) ==
    /\ taken' = [taken EXCEPT ![l] = StateOf(l)]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, learned, stateVars, checkpoint,
                   historyVars>>

(* Become: the table is not in the snapshot. *)
BecomeTableless(l, s) ==
    /\ prefix'    = [prefix EXCEPT ![l] = s.prefix]
    /\ delivered' = [delivered EXCEPT ![l] = s.delivered]
    /\ known'     = [known EXCEPT ![l] = {}]

(* Restart: it says that it had a checkpoint, and does not have it any more. *)
CheckpointLost(l) ==
    /\ Become(l, Beginning)
    /\ learned' = [learned EXCEPT ![l] = [i \in Instance |-> NoVote]]
    /\ Durable(l, Beginning)
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, historyVars>>

(* TakeSnapshot: it says so before the snapshot is durable. *)
CheckpointSaidFirst(l) ==
    /\ l \in Keeps
    /\ taken' = [taken EXCEPT ![l] = StateOf(l)]
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> prefix[l]])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, stateVars, checkpoint,
                   historyVars>>

(* InstallSnapshot: it is used, and said to be a checkpoint, and is not durable. *)
InstalledInMemory(l, m) ==
    /\ m \in msgs /\ m.type = "Snapshot"
    /\ IsOurs(m)
    /\ IsNewer(l, m)
    /\ Become(l, m.state)
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> m.state.prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, taken, checkpoint, historyVars>>

(* IsOurs: whose it is, is not asked.  IsNewer: nor how far it goes. *)
AnybodysSnapshot(m) == TRUE
AnySnapshot(l, m)   == TRUE

(* KeepersMajority: any learners, also those that keep no checkpoint. *)
MajorityOfAll == {K \in SUBSET Lives : 2 * Cardinality(K) > Cardinality(Lives)}

(* IsOver: what is left of an incarnation that was forgotten may be delivered. *)
NeverOver(v, S) == FALSE

(* Remember: the table has all that was delivered. *)
RememberAll(table, s) == table \cup Range(s)

(* Accepts: what was proposed in another instance is voted for. *)
AcceptsAnywhere(b, i) == {m \in msgs : m.type = "2a" /\ m.bal = b}
==============================================================================
