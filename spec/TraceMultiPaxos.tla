---------------------------- MODULE TraceMultiPaxos ----------------------------
(***************************************************************************)
(* Is a recorded trace a behaviour of MultiPaxos?  The trace, a row for    *)
(* each event, is in module TraceData, which the checker writes.  A step   *)
(* here takes the next row, and takes it by the action of MultiPaxos that  *)
(* the row names: none of those is written again.  If the action is not    *)
(* enabled, or breaks an invariant, then that row is never taken.          *)
(*                                                                         *)
(* The messages and votes of a long trace are too many to be looked        *)
(* through at each step.  So they are kept by instance, in parts, and the  *)
(* variables of MultiPaxos hold a view: the parts that the next row speaks *)
(* of.  Between two rows, LayOut fills the view.                           *)
(*                                                                         *)
(* Why the view hides nothing.  An action about instance i, and an         *)
(* invariant at instance i, read of msgs, vote, learned, votes and chosen  *)
(* only what concerns i, and all of that is in the part of i and so in the *)
(* view.  A 1b for a range is in the part of each of its instances, with   *)
(* the votes there; that is all that anybody asks of it.  What is asked    *)
(* across instances is laid out too, each where it is defined below: the   *)
(* highest instance that was proposed in (Reached), a value that waits and *)
(* every proposal of it (ValueWaits), the other instances in which a       *)
(* value of the batch, or with FIFO the one before it, was delivered, or   *)
(* that were skipped (Deliver), and who has delivered an instance (Trim):  *)
(* a learner has sent Delivered for all instances up to its prefix, and    *)
(* Checkpointed for its checkpoint, so these messages need not be kept.    *)
(* What a learner has delivered, and its client table, follows from the    *)
(* order and its prefix.  So a snapshot has only its prefix here, and what *)
(* it had of a value is laid out by the part of the instance in which that *)
(* was delivered, by whomever.                                             *)
(* A vote that was trimmed stays in its part, and is not laid out.         *)
(* A promise of the whole log is always in view; one of an instance is in  *)
(* the part of the instance.                                               *)
(* Where less is laid out than there is, it is for a guard that asks       *)
(* whether something is there: then a row may be refused that is right,    *)
(* but none is taken that is wrong.                                        *)
(*                                                                         *)
(* An invariant speaks of each instance alone, or of what two learners     *)
(* delivered.  The first kind holds in all instances if it holds in the    *)
(* one that has just changed; the promises, which are of no instance, only *)
(* rise.  As to the second: learners deliver instances from 1 on and skip  *)
(* none, so they agree as far as both go if they delivered the same in     *)
(* each instance in which both delivered; and the values of a client are   *)
(* in order if each, as it is delivered, comes after the one before it.    *)
(*                                                                         *)
(* A long trace is cut into windows.  A window starts from a border, which *)
(* the checker has written, and the window before it must end in that      *)
(* border: TLC compares.  A border leaves out what no later row speaks of; *)
(* it says so (gone), and a row that does speak of it is never taken.      *)
(*                                                                         *)
(* Traces are validated in this way in Cirstea, Kuppe, Loillier and Merz,  *)
(* Validating Traces of Distributed Programs Against TLA+ Specifications,  *)
(* 2024; docs/references.md says what differs.                             *)
(***************************************************************************)
EXTENDS MultiPaxos, TraceRows

VARIABLES laid,     \* whether the view is laid out for it
          focus,    \* the instances in view; stands for Instance
          top,      \* the highest instance that was proposed in
          used,     \* the highest ballot that each proposer used or came back with
          since,    \* the one that it came back with into this life
          life,     \* which life of each person this is
          counted,  \* how many values each learner has delivered
          takenAt,  \* how many it had, in the snapshot on the way to its disk
          keptAt,   \* and in its checkpoint
          offered   \* the Snapshot messages: who gave it, instance, position

snapshotVars == <<takenAt, keptAt, offered>>
traceVars == <<top, used, since, life, counted, snapshotVars>>

(* Four more, which are large.  TLC goes through the whole of a state at each
   step, even if its view is a number; but not through its registers.  There is
   one worker, and a window is one sequence of steps, each of which sets the
   registers last of all: so they are as the last step of the window left them. *)
parts == TLCGet(4 * window)      \* what concerns one instance, of each
facts == TLCGet(4 * window + 1)  \* of each value: is it broadcast, where proposed
asked == TLCGet(4 * window + 2)  \* the 1a of each ballot: see Nothing

begun == TLCGet(4 * window + 3)  \* of a client: where a value of it came first

SetBegun(to) == TLCSet(4 * window + 3, to)
SetParts(to) == TLCSet(4 * window, to)
SetFacts(to) == TLCSet(4 * window + 1, to)
SetAsked(to) == TLCSet(4 * window + 2, to)

-----------------------------------------------------------------------------
(* Stand-ins, named in TraceMultiPaxos.cfg.  Batch is the same set, of the
   batches in this trace only, so that TLC can look one up.  A value here is a
   range of values that a client submits together, and that nobody splits or
   merges; Weight says how many they are.  The order of all values is history
   that no guard reads. *)
TraceInstance  == focus
TraceOrderOf(c) == << >>
TraceLives      == Windows[window].lives

IsBatch(s, most, weights) ==
    /\ Weight(s, weights) <= most
    /\ Cardinality(Range(s)) = Len(s)

(* By MaxBatch, since windows of different runs may be in one run of TLC.  It
   computes this first of all, when it would read a table again for each entry,
   but for these names. *)
LegalBatches ==
    LET batches == Batches
        weights == Weights
        clashes == Clashes  \* the batches with two ranges that have a value in common
    IN  [most \in MaxBatches |->
            {batches[k] : k \in {j \in DOMAIN batches \ clashes :
                IsBatch(batches[j], most, weights)}}]

TraceBatch == LegalBatches[Windows[window].most]

(* Before comes from the order of the trace's Broadcast events; it has an element
   with FIFO only. *)
TraceBefore(v) == IF Previous(v) = 0 THEN {} ELSE {Previous(v)}

(* A client table says, besides the values, which clients are over: of a later
   incarnation of them, a value is delivered.  That is a number above all values. *)
Over(c) == Values + c

TraceValues == 1..(Values + Len(Laters))

(* S has a client that is a later incarnation of client c. *)
RECURSIVE HasLaterIn(_, _)
HasLaterIn(c, S) == Laters[c] # 0 /\ (Laters[c] \in S \/ HasLaterIn(Laters[c], S))

ClientsOf(S) == {ClientOf(v) : v \in {w \in S : w <= Values}}

(* Whether one client may be over for another value of the same batch. *)
OneIsOver(clients) == TraceCheckpoints /\ \E c \in clients : HasLaterIn(c, clients)

(* NewOf, by halves, since batches may be long: of batch[from..to], none of which
   is in S yet, what is new when S is in the table. *)
RECURSIVE TakenInTurn(_, _, _, _, _)
TakenInTurn(S, batch, from, to, over) ==
    IF from > to THEN << >>
    ELSE IF from = to
         THEN IF /\ InTurn(batch[from], S)
                 /\ over => ~HasLaterIn(ClientOf(batch[from]), ClientsOf(S))
              THEN <<batch[from]>> ELSE << >>
    ELSE LET middle == (from + to) \div 2
             first == TLCEval(TakenInTurn(S, batch, from, middle, over))
         IN  first \o TakenInTurn(TLCEval(S \cup Range(first)), batch, middle + 1, to,
                                  over)

TraceNewOf(table, batch) ==
    LET had  == TLCEval(table)
        new  == SelectSeq(batch, LAMBDA v : v \notin had /\ Over(ClientOf(v)) \notin had)
        over == OneIsOver(ClientsOf(Range(new)))
    IN  IF ~over /\ \A k \in DOMAIN new : TraceBefore(new[k]) = {} THEN new
        ELSE TakenInTurn(had, new, 1, Len(new), over)

(* What a table forgets is not in view, or does no harm there. *)
TraceRemember(table, s) == table \cup Range(s)
TraceLater(v)           == {}

TraceKeeps == 1..Keeping

(* MayForget, and what it is for, with the Keepers counted and not listed: a
   majority of the learners of the cluster, of each the lives that keep checkpoints;
   or all learners. *)
EnoughHave(Has_(_)) ==
    LET lives == TraceLives
        have  == {x \in lives : \E l \in x : (TraceCheckpoints => l \in Keeps) /\ Has_(l)}
    IN  IF TraceCheckpoints THEN 2 * Cardinality(have) > Windows[window].members
        ELSE have = lives

TraceMayForget(i) == TraceLives # {} /\ EnoughHave(LAMBDA l : IsDone(l, i))

TraceTrimmedIsOver == \A a \in Acceptor :
    /\ trimmed[a] > 0 => EnoughHave(LAMBDA l : Has(l, trimmed[a]))
    /\ \A i \in Instance : i <= trimmed[a] => vote[a][i] = NoVote

-----------------------------------------------------------------------------
OfTheLog == PromiseScope = "log"

Blank == [msgs    |-> {},
          promised |-> IF OfTheLog THEN << >> ELSE [a \in 1..Acceptors |-> 0],
          vote    |-> [a \in 1..Acceptors |-> NoVote],
          learned |-> [l \in 1..Learners |-> NoVote],
          votes   |-> [a \in 1..Acceptors |-> {}],
          chosen  |-> {},
          given   |-> [l \in 1..Learners |-> << >>]]  \* delivered here

Unknown == [known |-> FALSE, proposed |-> {}]

(* Of the 1a in a ballot: those for more than one instance, which are in no part,
   and the highest instance that any of them asked for. *)
Nothing == [wide |-> {}, last |-> 0]

(* An instance of which nothing was ever said in this window has no part. *)
Part(i) == IF Chunk(i) \in DOMAIN parts THEN parts[Chunk(i)][Slot(i)] ELSE Blank
Fact(v) == facts[Chunk(v)][Slot(v)]

(* f with New(i) in place of what it has for i, for all i in S. *)
Renewed(f, S, New(_)) ==
    LET touched == {Chunk(i) : i \in S}
    IN  TLCEval([c \in DOMAIN f |->
            IF c \in touched
            THEN TLCEval([k \in 1..Size |-> IF InChunk(c, k) \in S
                                            THEN New(InChunk(c, k)) ELSE f[c][k]])
            ELSE f[c]])

-----------------------------------------------------------------------------
(* The votes that an acceptor is said to have cast, and those that it has. *)
AreVotesOf(list, a, from, to) == /\ Range(list) = VotesOf(a, from, to)
                                 /\ Distinct(list)

-----------------------------------------------------------------------------
(* Each event as an action of MultiPaxos.  What the conjuncts beside it say is
   what a trace says beyond the parameters: who acts, which sets the parameters
   are from (as in Next), and what an acceptor or a learner reports. *)
TakeBroadcast(c, v) ==
    /\ own:: ClientOf(v) = c
    /\ fresh:: Overlapping(v) \cap broadcast = {}
    /\ Broadcast(v)

TakePhase1a(p, b, from, to) ==
    /\ owner:: Owner(b) = p
    /\ new:: b > since[p]
    /\ Phase1a(b, from, to)

TakePhase1b(a, b, from, to, list) ==
    /\ Phase1b(a, b, from, to)
    /\ votes:: AreVotesOf(list, a, from, to)

TakePhase2a(p, b, i, batch, q) ==
    /\ owner:: Owner(b) = p
    /\ new:: b > since[p]
    /\ quorum:: IsQuorum1(q)
    /\ batch:: batch \in Batch
    /\ Phase2a(b, i, batch, Range(q))

TakePhase2b(a, b, i) ==
    /\ Phase2b(a, b, i)

TakeDecide(b, i, q) ==
    /\ quorum:: IsQuorum2(q)
    /\ Decide(b, i, Range(q))

(* Without direct learning no votes are counted, and the list is empty. *)
TakeLearn(l, b, i, batch, q) ==
    /\ quorum:: IF DirectLearning THEN IsQuorum2(q) ELSE q = << >>
    /\ Learn(l, b, i, Range(q))
    /\ batch:: BatchOf(b, i) = batch

TakeDeliver(l, i, batch, position) ==
    /\ Deliver(l, i)
    /\ values:: NewOf(known[l], learned[l][i][2]) = batch
    /\ position:: position = counted[l] + 1

(* A snapshot says up to which instance it goes, and how many values that is. *)
TakeTakeSnapshot(l, i, n) ==
    /\ TakeSnapshot(l)
    /\ place:: prefix[l] = i /\ counted[l] = n

TakeCheckpoint(l, i, n) ==
    /\ Checkpoint(l)
    /\ place:: taken[l].prefix = i /\ takenAt[l] = n

TakeRestart(l, i, n) ==
    /\ Restart(l)
    /\ place:: checkpoint[l].prefix = i /\ keptAt[l] = n

TakeSendSnapshot(l, i, n) ==
    /\ SendSnapshot(l)
    /\ place:: checkpoint[l].prefix = i /\ keptAt[l] = n

(* The snapshot of instance i, as the view has it: see above. *)
StateAt(i) == [prefix |-> i, delivered |-> << >>, known |-> {}]

SnapshotAt(i) == [type |-> "Snapshot", cluster |-> "ours", state |-> StateAt(i)]

TakeInstallSnapshot(l, i) ==
    /\ InstallSnapshot(l, SnapshotAt(i))

(* A learner comes back with a snapshot that no trace says was durable. *)
TakeKept(l) ==
    /\ RecoverCheckpoint(l)

TakeGiven(l, i) ==
    /\ RecoverInstall(l, SnapshotAt(i))

TakeTrim(a, i) ==
    /\ Trim(a, i)

(* An acceptor comes back with the promise and the votes that it should have.
   Those that it made durable just before it crashed, and that no trace has,
   are rows of their own before this one.  Where each instance has a promise,
   b is 0, and list has the promises, but for those in instances that are
   trimmed: there it promises nothing any more. *)
IsPromised(a, b, promises) ==
    IF OfTheLog THEN promised[a][0] = b /\ promises = << >>
    ELSE /\ OneEach(promises)
         /\ {<<p[1], p[2]>> : p \in Range(promises)} =
                {<<j, promised[a][j]>> :
                    j \in {k \in Instance : k > trimmed[a] /\ promised[a][k] # 0}}

TakeRecover(a, b, list, i, promises) ==
    /\ one_vote:: OneEach(list)
    /\ trimmed:: trimmed[a] = i
    /\ promise:: IsPromised(a, b, promises)
    /\ votes:: {<<v[1], v[2], v[3]>> : v \in Range(list)} =
                   {<<j, vote[a][j][1], vote[a][j][2]>> :
                       j \in {k \in Instance : vote[a][k] # NoVote}}
    /\ Recover(a)

(* A promise that no trace has. *)
TakePromise(a, b, s) ==
    /\ RecoverPromise(a, b, s)

(* A vote that no trace has; and from then on the acceptor may say it, which is
   no event. *)
TakeUnseen(a, b, i) ==
    /\ RecoverVote(a, b, i)

TakeRepeat(a, i) ==
    /\ Repeat(a, i)

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
      [] IsRow(KDeliver)   -> TakeDeliver(Row[2], Row[3], Batches[Row[4]], Row[5])
      [] IsRow(KRecover)   -> TakeRecover(Row[2], Row[3], Lists[Row[4]], Row[5],
                                          PromiseLists[Row[6]])
      [] IsRow(KResume)    -> TakeResume(Row[2], Row[3])
      [] IsRow(KReturn)    -> TakeReturn(Row[2], Row[3])
      [] IsRow(KPromise)   -> TakePromise(Row[2], Row[3], Row[4])
      [] IsRow(KTrim)      -> TakeTrim(Row[2], Row[3])
      [] IsRow(KUnseen)    -> TakeUnseen(Row[2], Row[3], Row[4])
      [] IsRow(KRepeat)    -> TakeRepeat(Row[2], Row[3])
      [] IsRow(KLife)      -> TakeLife(Row[2], Row[3], Row[4] = 1)
      [] IsRow(KTakeSnapshot)    -> TakeTakeSnapshot(Row[2], Row[3], Row[4])
      [] IsRow(KCheckpoint)      -> TakeCheckpoint(Row[2], Row[3], Row[4])
      [] IsRow(KRestart)         -> TakeRestart(Row[2], Row[3], Row[4])
      [] IsRow(KSendSnapshot)    -> TakeSendSnapshot(Row[2], Row[3], Row[4])
      [] IsRow(KInstallSnapshot) -> TakeInstallSnapshot(Row[2], Row[4])
      [] IsRow(KKept)            -> TakeKept(Row[2])
      [] IsRow(KGiven)           -> TakeGiven(Row[2], Row[4])

-----------------------------------------------------------------------------
(* The view for the next row. *)

Larger(x, y)  == IF x > y THEN x ELSE y
Smaller(x, y) == IF x < y THEN x ELSE y

VoteIn(i, a) == IF i <= trimmed[a] THEN NoVote ELSE Part(i).vote[a]

(* What the part of an instance has of promises: nothing, if they are of the log. *)
PromiseIn(i, a) == IF OfTheLog THEN 0 ELSE Part(i).promised[a]

(* For a promise of the log that no trace has it is enough that one 1a of the ballot asked
   for an instance that the acceptor has not trimmed: the one that asked for the
   highest says whether there is any, and nothing else is read of it, also if
   what else was said of that instance is gone. *)
Furthest(b) == Larger(asked[b].last, 1)

FurthestRequest(b) ==
    IF asked[b] = Nothing THEN {}
    ELSE {[type |-> "1a", bal |-> b, from |-> Furthest(b), to |-> Furthest(b)]}

(* Instances of the row itself.  All instances that have a part are listed in
   ascending order: TLC sorts a set by insertion, and looks each element of a UNION
   up, so that any other way takes the square of their number, for each life. *)
Named ==
    CASE IsRow(KPhase1a) -> {Row[4], Row[5]}
      [] IsRow(KPhase1b) -> {Row[4], Row[5]} \cup (Row[4]..Row[5])
      [] IsRow(KPhase2a) \/ IsRow(KPhase2b) \/ IsRow(KLearn)
             \/ IsRow(KUnseen) -> {Row[4]}
      [] IsRow(KDecide) \/ IsRow(KDeliver) \/ IsRow(KTrim) \/ IsRow(KRepeat) -> {Row[3]}
      [] IsRow(KPromise) -> {IF OfTheLog THEN Furthest(Row[3]) ELSE Row[4]}
      [] IsRow(KRecover) -> {i \in {InChunk(c, k) : k \in 1..Size, c \in DOMAIN parts} :
                                VoteIn(i, Row[2]) # NoVote \/ PromiseIn(i, Row[2]) # 0}
      [] OTHER -> {}

(* Reached is asked for a no-op, and by Phase1a without PrepareAhead: it is
   true of all instances up to the highest that was proposed in. *)
AsksReached == \/ IsRow(KPhase1a) /\ ~PrepareAhead
               \/ IsRow(KPhase2a) /\ Batches[Row[5]] = NoOp

(* ValueWaits(b) is asked by Phase1a without PrepareAhead.  The row says which
   value waits.  All proposals of it in ballot b are in view, so that it is not
   taken to wait if it does not. *)
Waiting == IF IsRow(KPhase1a) /\ ~PrepareAhead /\ Row[6] # 0 THEN {Row[6]} ELSE {}

ProposedIn(b, v) ==
    {i \in Fact(v).proposed : \E m \in Part(i).msgs :
        m.type = "2a" /\ m.bal = b /\ v \in Range(m.batch)}

InView == Named \cup (IF AsksReached /\ top # 0 THEN {top} ELSE {})
                \cup UNION {ProposedIn(Row[3], v) : v \in Waiting}

(* With the values before them: what asks for a turn asks for these. *)
AndBefore(S) == S \cup UNION {TraceBefore(v) : v \in S}

(* The other instances whose delivered values Deliver may have to know: where
   the values of the batch, and those before them, were proposed, and whatever
   would be skipped, if it is not gone: that none is skipped, the prefix says. *)
Elsewhere ==
    IF IsRow(KDeliver)
    THEN UNION {Fact(v).proposed : v \in AndBefore(Range(Part(Row[3]).learned[Row[2]][2]))}
    ELSE {}

Skipped == IF IsRow(KDeliver) THEN (prefix[Row[2]] + 1)..(Row[3] - 1) ELSE {}

Others == (Elsewhere \cup Skipped) \ (IF IsRow(KDeliver) THEN {Row[3]} ELSE {})

(* What learner l has delivered in instance i; if it keeps checkpoints, it may have
   passed the instance with a snapshot, and have delivered what all others did; and
   what it took back it has not delivered. *)
GivenBy(i, l) ==
    LET given == Part(i).given
    IN  IF l \notin Keeps \/ (i <= prefix[l] /\ given[l] # << >>) THEN given[l]
        ELSE LET others == {k \in Learner : given[k] # << >>}
             IN  IF i > prefix[l] \/ others = {} THEN << >>
                 ELSE given[CHOOSE k \in others : TRUE]

RECURSIVE Joined(_, _)
Joined(S, l) ==
    IF S = {} THEN << >>
    ELSE LET i == CHOOSE j \in S : \A k \in S : j <= k
         IN  GivenBy(i, l) \o Joined(S \ {i}, l)

GivenIn(S, l) == Joined({i \in S : GivenBy(i, l) # << >>}, l)

(* A value of a later incarnation of client c is delivered, in instances 1..n. *)
RECURSIVE IsOverAt(_, _)
IsOverAt(c, n) ==
    LET d == Laters[c]
    IN  d # 0 /\ ((d \in DOMAIN begun /\ begun[d] <= n) \/ IsOverAt(d, n))

(* Those clients that are over, of the values that the row may deliver. *)
OversOf(l) ==
    IF ~(TraceCheckpoints /\ IsRow(KDeliver) /\ l = Row[2]) THEN {}
    ELSE {Over(c) : c \in {d \in ClientsOf(Range(Part(Row[3]).learned[l][2])) :
                               IsOverAt(d, prefix[l])}}

DeliveredThere == [l \in Learner |->
    IF IsRow(KDeliver) THEN GivenIn(Others \cup {Row[3]}, l) ELSE << >>]

(* Values whose being broadcast matters. *)
Mentioned ==
    CASE IsRow(KBroadcast) -> AndBefore({Row[3]}) \cup Overlapping(Row[3])
      [] IsRow(KPhase2a)   -> Range(Batches[Row[5]])
      [] IsRow(KDeliver)   -> UNION {Range(Part(i).given[l]) :
                                         i \in Others \cup {Row[3]}, l \in Learner}
                                  \cup Range(Batches[Row[4]])
                                  \cup AndBefore(Range(Part(Row[3]).learned[Row[2]][2]))
      [] OTHER             -> Waiting

(* The 1a messages of ballot b for more than one instance, as far as they
   concern from..to; and those for one instance. *)
Requests(b, from, to) ==
    {[type |-> "1a", bal |-> b, from |-> Larger(r[1], from), to |-> Smaller(r[2], to)] :
        r \in {s \in asked[b].wide : s[1] <= to /\ from <= s[2]}}
    \cup UNION {{m \in Part(i).msgs : m.type = "1a" /\ m.bal = b} : i \in {from, to}}

(* An acceptor that promises reads of the messages the 1a only, of however many
   instances; what was learned there, which has its proof in messages, is then
   not laid out either. *)
MessagesMatter ==
    ~(IsRow(KPhase1b) \/ IsRow(KPromise) \/ IsRow(KTrim) \/ IsRow(KRecover))

(* Of the other messages of the instance that is trimmed, nothing is asked. *)
DeliveredBefore(i) ==
    {[type |-> "Delivered", lrn |-> l, inst |-> i] :
        l \in {k \in Learner \ Keeps : prefix[k] >= i}}
    \cup {[type |-> "Checkpointed", lrn |-> l, inst |-> checkpoint[l].prefix] :
            l \in {k \in Keeps : checkpoint[k].prefix >= i}}

(* The snapshot that the row names, if it was given. *)
GivenBefore ==
    IF <<Row[3], Row[4], Row[5]>> \in offered THEN {SnapshotAt(Row[4])} ELSE {}

MessagesInView ==
    CASE IsRow(KPhase1b) -> Requests(Row[3], Row[4], Row[5])
      [] IsRow(KPromise) -> IF OfTheLog THEN FurthestRequest(Row[3])
                            ELSE Requests(Row[3], Row[4], Row[4])
      [] IsRow(KTrim)    -> DeliveredBefore(Row[3])
      [] IsRow(KRecover) -> {}
      [] IsRow(KInstallSnapshot) \/ IsRow(KGiven) -> GivenBefore
      [] OTHER           -> UNION {Part(i).msgs : i \in InView}

(* Nothing that the border at the start of this window left out. *)
IsGone(x, intervals) == \E k \in DOMAIN intervals :
                            intervals[k][1] <= x /\ x <= intervals[k][2]

Start == Windows[window].start
Gone       == IF Start = 0 THEN << >> ELSE Borders[Start].gone
GoneValues == IF Start = 0 THEN << >> ELSE Borders[Start].goneValues

NothingIsGone ==
    /\ Gone # << >> /\ ~(IsRow(KTrim) \/ (IsRow(KPromise) /\ OfTheLog)) => \A i \in InView \cup Elsewhere : ~IsGone(i, Gone)
    /\ GoneValues # << >> => \A v \in Mentioned : ~IsGone(v, GoneValues)
    /\ IsRow(KRecover) => \A k \in DOMAIN Gone : Gone[k][2] <= trimmed[Row[2]]

LayOut ==
    /\ ~laid /\ row <= Len(Rows)
    /\ NothingIsGone
    /\ laid' = TRUE
    /\ focus'     = TLCEval(InView)
    /\ broadcast' = TLCEval({v \in Mentioned : Fact(v).known})
    /\ msgs'      = TLCEval(MessagesInView)
    /\ promised'  = IF OfTheLog THEN promised
                    ELSE TLCEval([a \in Acceptor |-> [i \in focus' |-> PromiseIn(i, a)]])
    /\ vote'      = TLCEval([a \in Acceptor |-> [i \in focus' |-> VoteIn(i, a)]])
    /\ learned'   = TLCEval([l \in Learner |-> [i \in focus' |->
                        IF MessagesMatter THEN Part(i).learned[l] ELSE NoVote]])
    /\ votes'     = TLCEval([a \in Acceptor |-> [i \in focus' |-> Part(i).votes[a]]])
    /\ chosen'    = TLCEval([i \in focus' |-> Part(i).chosen])
    /\ delivered' = TLCEval(DeliveredThere)
    /\ known'     = TLCEval([l \in Learner |->
                        Range(delivered'[l]) \cup OversOf(l)])
    /\ UNCHANGED <<window, row, trimmed, prefix, taken, checkpoint, order, traceVars>>

-----------------------------------------------------------------------------
(* What a row changed goes back into parts and facts; what it did not change is
   not written again, since the view may show less than there is. *)

(* Message m as far as it concerns instance i. *)
At(m, i) == IF m.type = "1b"
            THEN [m EXCEPT !.from = i, !.to = i, !.votes = {v \in @ : v[1] = i}]
            ELSE m

Sent == {m \in msgs' \ msgs : m.type # "Delivered"}

Votes == IsRow(KPhase2b) \/ IsRow(KUnseen)

Changed(i) ==
    [msgs    |-> Part(i).msgs \cup {At(m, i) : m \in Sent},
     promised |-> IF OfTheLog THEN << >> ELSE [a \in Acceptor |-> promised'[a][i]],
     vote    |-> IF Votes THEN [Part(i).vote EXCEPT ![Row[2]] = vote'[Row[2]][i]]
                 ELSE Part(i).vote,
     learned |-> IF IsRow(KLearn)
                 THEN [Part(i).learned EXCEPT ![Row[2]] = learned'[Row[2]][i]]
                 ELSE Part(i).learned,
     votes   |-> IF Votes THEN [Part(i).votes EXCEPT ![Row[2]] = votes'[Row[2]][i]]
                 ELSE Part(i).votes,
     chosen  |-> chosen'[i],
     given   |-> IF IsRow(KDeliver)
                 THEN [Part(i).given EXCEPT ![Row[2]] = Batches[Row[4]]]
                 ELSE Part(i).given]

Change(i) == [parts EXCEPT ![Chunk(i)][Slot(i)] = Changed(i)]

(* A learner that comes back has learned nothing. *)
Unlearned(l) ==
    TLCEval([c \in DOMAIN parts |->
        IF \A k \in 1..Size : parts[c][k].learned[l] = NoVote THEN parts[c]
        ELSE TLCEval([k \in 1..Size |-> [parts[c][k] EXCEPT !.learned[l] = NoVote]])])

PutBackParts == SetParts(
    CASE IsRow(KPhase1a) -> IF Row[4] = Row[5] THEN Change(Row[4]) ELSE parts
      [] IsRow(KPhase1b) -> IF Row[4] = Row[5] THEN Change(Row[4])
                            ELSE Renewed(parts, Row[4]..Row[5], Changed)
      [] IsRow(KPhase2a) \/ IsRow(KLearn) \/ Votes -> Change(Row[4])
      [] IsRow(KDecide) \/ IsRow(KDeliver) \/ IsRow(KRepeat) -> Change(Row[3])
      [] IsRow(KPromise) -> IF OfTheLog THEN parts ELSE Change(Row[4])
      [] IsRow(KRestart) -> Unlearned(Row[2])
      [] OTHER -> parts)

ProposedHere(v) == [Fact(v) EXCEPT !.proposed = @ \cup {Row[4]}]

PutBackFacts == SetFacts(
    CASE IsRow(KBroadcast) -> [facts EXCEPT ![Chunk(Row[3])][Slot(Row[3])].known = TRUE]
      [] IsRow(KPhase2a)   -> IF Len(Batches[Row[5]]) = 1
                              THEN LET v == Batches[Row[5]][1]
                                   IN  [facts EXCEPT ![Chunk(v)][Slot(v)] = ProposedHere(v)]
                              ELSE Renewed(facts, Range(Batches[Row[5]]), ProposedHere)
      [] OTHER -> facts)

PutBackAsked == SetAsked(
    IF IsRow(KPhase1a)
    THEN [asked EXCEPT ![Row[3]] =
             [wide |-> IF Row[4] < Row[5] THEN @.wide \cup {<<Row[4], Row[5]>>} ELSE @.wide,
              last |-> Larger(@.last, Row[5])]]
    ELSE asked)

(* Clients of which the row delivers the first value. *)
PutBackBegun == SetBegun(
    IF ~(TraceCheckpoints /\ IsRow(KDeliver)) THEN begun
    ELSE LET new == ClientsOf(Range(Batches[Row[4]])) \ DOMAIN begun
         IN  IF new = {} THEN begun ELSE TLCEval([c \in new |-> Row[3]] @@ begun))

TakesOver == IsRow(KInstallSnapshot) \/ IsRow(KGiven)
IsKept    == IsRow(KCheckpoint) \/ IsRow(KKept)

CountSnapshots ==
    /\ takenAt' = IF IsRow(KTakeSnapshot) THEN [takenAt EXCEPT ![Row[2]] = Row[4]]
                  ELSE IF TakesOver \/ IsKept \/ IsRow(KRestart)
                  THEN [takenAt EXCEPT ![Row[2]] = 0] ELSE takenAt
    /\ keptAt' = IF IsKept THEN [keptAt EXCEPT ![Row[2]] = takenAt[Row[2]]]
                 ELSE IF TakesOver THEN [keptAt EXCEPT ![Row[2]] = Row[5]] ELSE keptAt
    /\ offered' = IF IsRow(KSendSnapshot)
                  THEN offered \cup {<<Row[5], Row[3], Row[4]>>} ELSE offered

Count ==
    /\ CountSnapshots
    /\ used' = IF IsRow(KResume) \/ (IsRow(KPhase1a) /\ Row[3] > used[Row[2]])
               THEN [used EXCEPT ![Row[2]] = Row[3]] ELSE used
    /\ since' = IF IsRow(KResume) THEN [since EXCEPT ![Row[2]] = Row[3]] ELSE since
    /\ life' = IF IsRow(KLife) THEN [life EXCEPT ![Row[2]] = Row[3]] ELSE life
    /\ top' = IF IsRow(KPhase2a) THEN Larger(top, Row[4]) ELSE top
    /\ counted' = IF IsRow(KDeliver)
                  THEN [counted EXCEPT ![Row[2]] = @ + Weight(Batches[Row[4]], Weights)]
                  ELSE IF TakesOver \/ IsRow(KRestart)
                  THEN [counted EXCEPT ![Row[2]] = keptAt'[Row[2]]] ELSE counted

(* FIFO, of what the last row delivered: what must come before it was in view. *)
TraceFIFO ==
    LET last == Rows[row - 1]
    IN  last[1] = KDeliver =>
            LET s   == delivered[last[2]]
                new == Range(Batches[last[4]])
            IN  \A k \in DOMAIN s : s[k] \in new => Before(s[k]) \subseteq {s[j] : j \in 1..(k - 1)}

Invariants == /\ TypeOK
              /\ Agreement
              /\ Integrity
              /\ TotalOrder
              /\ FIFO
              /\ OneBatchPerBallot
              /\ VotesBelowPromise
              /\ LearnedFromOneBallot
              /\ TrimmedIsOver

Attempt ==
    /\ laid
    /\ Take
    /\ laid' = FALSE /\ row' = row + 1 /\ UNCHANGED <<window, focus>>

Taken == Attempt /\ Invariants'

Step == Taken /\ Count /\ PutBackParts /\ PutBackFacts /\ PutBackAsked /\ PutBackBegun

-----------------------------------------------------------------------------
(* The end of a window: it must be the border that the next one starts from. *)
(* The promises of the log: in a border, a ballot for each acceptor. *)
PromisedAt(B) == [a \in Acceptor |-> [s \in {0} |-> B.promised[a]]]

AllAt(instances) == [l \in Learner |-> StateAt(instances[l])]

KeptInBorder(B) ==
    /\ \A n \in DOMAIN B.instances : Part(B.instances[n]) = B.parts[n]
    /\ \A n \in DOMAIN B.values : Fact(B.values[n]) = B.facts[n]
    /\ OfTheLog => promised = PromisedAt(B)
    /\ trimmed = B.trimmed /\ prefix = B.prefix
    /\ asked = B.asked /\ top = B.top /\ used = B.used /\ counted = B.counted
    /\ since = B.since /\ life = B.life
    /\ taken = AllAt(B.taken) /\ checkpoint = AllAt(B.kept)
    /\ takenAt = B.takenAt /\ keptAt = B.keptAt /\ offered = B.offered
    /\ {<<c, begun[c]>> : c \in DOMAIN begun} = B.begun

LeftOut(B) ==
    LET kept       == Range(B.instances)
        keptValues == Range(B.values)
    IN  /\ \A c \in DOMAIN parts : \A k \in 1..Size :
               \/ parts[c][k] = Blank
               \/ InChunk(c, k) \in kept
               \/ IsGone(InChunk(c, k), B.gone)
        /\ \A c \in DOMAIN facts : \A k \in 1..Size :
               \/ facts[c][k] = Unknown
               \/ InChunk(c, k) \in keptValues
               \/ IsGone(InChunk(c, k), B.goneValues)
        /\ \A n \in DOMAIN Gone : \E g \in Range(B.gone) :
               g[1] <= Gone[n][1] /\ Gone[n][2] <= g[2]
        /\ \A n \in DOMAIN GoneValues : \E g \in Range(B.goneValues) :
               g[1] <= GoneValues[n][1] /\ GoneValues[n][2] <= g[2]

End == LET n == Windows[window].end
       IN  /\ ~laid /\ row = Len(Rows) + 1
           /\ (n # 0 => KeptInBorder(Borders[n]) /\ LeftOut(Borders[n])) = TRUE
           /\ PrintT(<<"done", window, Len(Rows)>>)
           /\ row' = row + 1
           /\ UNCHANGED <<window, laid, focus, vars, traceVars>>

-----------------------------------------------------------------------------
ChunksOf(span) == Chunk(span[1])..Chunk(span[2])

(* A border lists what it keeps; layout says where it goes. *)
FromBorder(span, layout, kept, blank) ==
    TLCEval([c \in ChunksOf(span) |->
        LET places == IF layout = << >> THEN << >> ELSE layout[c - Chunk(span[1]) + 1]
        IN  TLCEval([k \in 1..Size |-> IF places = << >> \/ places[k] = 0
                                       THEN blank ELSE kept[places[k]]])])

TraceInit ==
    /\ window \in DOMAIN Windows
    /\ row = 1 /\ laid = FALSE /\ focus = {}
    /\ LET W == Windows[window]
           B == IF W.start = 0 THEN [parts |-> << >>, facts |-> << >>] ELSE Borders[W.start]
       IN  /\ SetParts(FromBorder(W.instances, W.layout, B.parts, Blank))
           /\ SetFacts(FromBorder(W.values, W.valueLayout, B.facts, Unknown))
           /\ IF W.start = 0
              THEN /\ Init
                   /\ SetAsked(TLCEval([b \in Ballot |-> Nothing])) /\ top = 0
                   /\ used = [p \in Proposer |-> 0] /\ since = used
                   /\ life = FirstLives
                   /\ counted = [l \in Learner |-> 0]
                   /\ takenAt = counted /\ keptAt = counted /\ offered = {}
                   /\ SetBegun(<< >>)
              ELSE /\ promised = IF OfTheLog THEN PromisedAt(B)
                                 ELSE [a \in Acceptor |-> [i \in focus |-> 0]]
                   /\ trimmed = B.trimmed /\ prefix = B.prefix
                   /\ SetAsked(B.asked) /\ top = B.top /\ used = B.used
                   /\ since = B.since /\ life = B.life /\ counted = B.counted
                   /\ broadcast = {} /\ msgs = {} /\ order = << >>
                   /\ vote      = [a \in Acceptor |-> [i \in focus |-> NoVote]]
                   /\ learned   = [l \in Learner |-> [i \in focus |-> NoVote]]
                   /\ votes     = [a \in Acceptor |-> [i \in focus |-> {}]]
                   /\ chosen    = [i \in focus |-> {}]
                   /\ delivered = [l \in Learner |-> << >>]
                   /\ known     = [l \in Learner |-> {}]
                   /\ taken = AllAt(B.taken) /\ checkpoint = AllAt(B.kept)
                   /\ takenAt = B.takenAt /\ keptAt = B.keptAt /\ offered = B.offered
                   /\ SetBegun(TLCEval([c \in {p[1] : p \in B.begun} |->
                                   (CHOOSE p \in B.begun : p[1] = c)[2]]))

TraceNext == LayOut \/ Step \/ End

(* A row is taken in one way only: where it is says all about the state. *)
TraceView == <<window, row, laid>>
=============================================================================
