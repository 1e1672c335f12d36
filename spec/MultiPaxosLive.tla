---------------------------- MODULE MultiPaxosLive ----------------------------
(***************************************************************************)
(* MultiPaxos that gets somewhere: LogVotingLive with messages.  Read that *)
(* first, and SynodLive for what fairness means where messages may be      *)
(* lost.                                                                   *)
(*                                                                         *)
(* Without PrepareAhead a leader prepares one instance after another, so   *)
(* that it learns late what was begun above; it may then find a value in   *)
(* two instances, and a model needs room for that.                         *)
(*                                                                         *)
(* Acceptors may trim, and say nothing more of what they have trimmed.  So *)
(* a learner that is slow, comes late or begins again finds nobody that    *)
(* could tell it.  It gets on because learners that keep checkpoints give  *)
(* them: acceptors trim only what is in those of a majority, and as of     *)
(* acceptors, a majority of the learners stays up.  That learners take     *)
(* snapshots nobody has to assume: where they do not, nothing is trimmed.  *)
(***************************************************************************)
EXTENDS MultiPaxos

CONSTANTS MayCrash,   \* how many acceptors may crash
          Orphan,     \* values whose client dies: it does not insist
          Late,       \* learners that start when another one is done
          Trims,      \* whether acceptors trim
          MayRestart, \* how many times learners may crash and come back
          MayLose     \* how many learners may crash for good

VARIABLES down,       \* the acceptors that have crashed
          lost,       \* the learners that have crashed for good
          restarts,   \* how many times learners have come back
          heard,      \* the values that the leader of Top has received
          lead        \* lead[i]: the quorum of promises for i it relies on

crashVars == <<down, lost, restarts>>
liveVars  == <<vars, crashVars, heard, lead>>

Top == Rounds * Proposers
Up  == Acceptor \ down

(* Every step but that of MultiPaxos that changes nothing. *)
Of(action) == action /\ msgs' # msgs /\ UNCHANGED <<crashVars, heard, lead>>

(* Acceptor a says what it promised and voted in instance i to whoever asks. *)
Tells(a, i) == a \in Up /\ Remembers(a, i)

-----------------------------------------------------------------------------
(* An acceptor crashes, for good. *)
Crash(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ UNCHANGED <<vars, lost, restarts, heard, lead>>

(* A learner crashes, for good: its disk is lost. *)
Lose(l) ==
    /\ l \notin lost
    /\ Cardinality(lost) < MayLose
    /\ lost' = lost \cup {l}
    /\ UNCHANGED <<vars, down, restarts, heard, lead>>

(* A learner crashes, and comes back with its checkpoint.  One that crashed again
   and again would get nowhere. *)
RestartUp(l) ==
    /\ l \notin lost
    /\ restarts < MayRestart
    /\ Restart(l)
    /\ restarts' = restarts + 1
    /\ UNCHANGED <<down, lost, heard, lead>>

(* Whether the client of v sends it again until it sees it delivered. *)
Insists(v) == v \notin Orphan

(* A value reaches the leader of Top. *)
Hear(v) ==
    /\ v \in broadcast \ heard
    /\ Insists(v)
    /\ heard' = heard \cup {v}
    /\ UNCHANGED <<vars, crashVars, lead>>

(* What a leader asks for at a time. *)
Ranges == IF PrepareAhead THEN {<<1, Instances>>}
          ELSE {<<i, i>> : i \in Instance}

Prepare(b, r) == Of(Phase1a(b, r[1], r[2]))

(* The first instance of a range that acceptor a can speak of. *)
AnswersFrom(a, r) == IF trimmed[a] < r[1] THEN r[1] ELSE trimmed[a] + 1

(* An acceptor that is up promises, once for each range, in the part of it that it
   has not trimmed. *)
PromiseUp(a, b, r) ==
    /\ a \in Up
    /\ AnswersFrom(a, r) <= r[2]
    /\ Promises(a, b, AnswersFrom(a, r)) = {}
    /\ Of(Phase1b(a, b, AnswersFrom(a, r), r[2]))

(* The leader of Top has its promises, for all instances that Q promised. *)
Elect(Q) ==
    LET new == {i \in Instance : lead[i] = {} /\
                   \A a \in Q : Promises(a, Top, i) # {}}
    IN  /\ Q \subseteq Up
        /\ new # {}
        /\ lead' = [i \in Instance |-> IF i \in new THEN Q ELSE lead[i]]
        /\ UNCHANGED <<vars, crashVars, heard>>

-----------------------------------------------------------------------------
(* An acceptor tells the leader of Top that it has trimmed instance i: it is
   over, and nothing need be proposed in it. *)
Over(i) == \E a \in Up : ~Remembers(a, i)

(* The leader of Top knows that something was begun in instance i. *)
Begun(i) == \/ Accepts(Top, i) # {}
            \/ Reported(lead[i], Top, i) # {}
            \/ Over(i)

(* The value is in an instance that it knows of. *)
Placed(v) == \E i \in Instance :
    \/ \E m \in Accepts(Top, i) : v \in Range(m.batch)
    \/ \E w \in Reported(lead[i], Top, i) :
           IsHighest(w, Reported(lead[i], Top, i)) /\ v \in Range(w[2])

(* A gap may be filled with the no-op. *)
MayFill(i) == \E j \in Instance : j > i /\ Begun(j)

(* What it proposes, apart from what it is obliged to. *)
Fresh(batch, i) ==
    IF batch = NoOp THEN MayFill(i)
    ELSE /\ \A v \in Range(batch) : v \in heard /\ ~Placed(v)
         /\ \A j \in 1..(i - 1) : Begun(j)

(* What a leader below Top proposes: a value once, and not so high that the
   log of the model has no room for the others. *)
Below(batch, b, i) ==
    /\ i <= Instances + 1 - Cardinality(Value)
    /\ batch # NoOp
    /\ \A j \in Instance : \A m \in Accepts(b, j) : m.batch # batch

Propose(b, i, batch, Q) ==
    /\ b = Top => Q = lead[i]
    /\ Reported(Q, b, i) = {} =>
           IF b = Top THEN Fresh(batch, i) ELSE Below(batch, b, i)
    /\ Of(Phase2a(b, i, batch, Q))

VoteUp(a, b, i)      == a \in Up /\ Of(Phase2b(a, b, i))
DecideAny(b, i, Q)   == Of(Decide(b, i, Q))

(* A late learner starts when another has delivered all there is. *)
Started(l) == l \in Late =>
    \E k \in Learner \ Late : broadcast \ Orphan \subseteq Range(delivered[k])

LearnAny(l, b, i, Q) ==
    /\ Started(l) /\ l \notin lost
    /\ Learn(l, b, i, Q)
    /\ UNCHANGED <<crashVars, heard, lead>>

DeliverNext(l) == /\ l \notin lost
                  /\ \E i \in Instance : Deliver(l, i)
                  /\ UNCHANGED <<crashVars, heard, lead>>

-----------------------------------------------------------------------------
(* Acceptors trim, and learners keep checkpoints. *)
TrimUp(a, i) == /\ Trims /\ a \in Up
                /\ Trim(a, i)
                /\ UNCHANGED <<crashVars, heard, lead>>

Keep(l) == /\ l \notin lost
           /\ \/ taken[l] # StateOf(l) /\ TakeSnapshot(l)
              \/ Checkpoint(l)
           /\ UNCHANGED <<crashVars, heard, lead>>

(* A learner gives its checkpoint, if it has one. *)
Gives(l) == l \notin lost /\ checkpoint[l] # Beginning

Give(l) == Gives(l) /\ Of(SendSnapshot(l))

InstallAny(l, m) == /\ Started(l) /\ l \notin lost
                    /\ InstallSnapshot(l, m)
                    /\ UNCHANGED <<crashVars, heard, lead>>

(* Where too few acceptors can tell it what comes next, or can be asked for
   promises there to run the instance again, learner l asks learners for a
   snapshot: whichever answers. *)
SomeTell(quorums, i) == \E Q \in quorums : \A a \in Q : Tells(a, i)

Stranded(l) == /\ prefix[l] < Instances
               /\ \/ ~SomeTell(Quorum1, prefix[l] + 1)
                  \/ ~SomeTell(Quorum2, prefix[l] + 1)

Givers(l) == {k \in Keeps : Gives(k)}

SnapshotOf(k) ==
    [type |-> "Snapshot", cluster |-> "ours", state |-> checkpoint[k]]

-----------------------------------------------------------------------------
LiveInit == /\ Init /\ down = {} /\ lost = {} /\ restarts = 0 /\ heard = {}
            /\ lead = [i \in Instance |-> {}]

LiveNext ==
    \/ \E v \in Value : Broadcast(v) /\ UNCHANGED <<crashVars, heard, lead>>
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E b \in Ballot, r \in Ranges : Prepare(b, r)
    \/ \E a \in Acceptor, b \in Ballot, r \in Ranges : PromiseUp(a, b, r)
    \/ \E Q \in Quorum1 : Elect(Q)
    \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
           Propose(b, i, batch, Q)
    \/ \E a \in Acceptor, b \in Ballot, i \in Instance : VoteUp(a, b, i)
    \/ \E b \in Ballot, i \in Instance, Q \in Quorum2 : DecideAny(b, i, Q)
    \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
           LearnAny(l, b, i, Q)
    \/ \E l \in Learner : DeliverNext(l)
    \/ \E l \in Learner : Keep(l)
    \/ \E l \in Learner : Give(l)
    \/ \E l \in Learner : RestartUp(l)
    \/ \E l \in Learner : Lose(l)
    \/ \E l \in Keeps, m \in msgs : InstallAny(l, m)
    \/ \E a \in Acceptor, i \in Instance : TrimUp(a, i)

-----------------------------------------------------------------------------
(* What a quorum said of which one acceptor has crashed, or has trimmed what it
   said, may be lost, and nobody says it again: only what those say that are up and
   still know it, is sure to be heard.  So it is with a snapshot of a learner that
   is lost, or has another one by now. *)
PromiseTop(a, r) == (\E i \in r[1]..r[2] : lead[i] = {}) /\ PromiseUp(a, Top, r)
ElectTop         ==
    \E Q \in Quorum1 :
        /\ \E i \in Instance :
               lead[i] = {} /\ \A a \in Q : Tells(a, i) /\ Promises(a, Top, i) # {}
        /\ Elect(Q)
ProposeTop(i)    == \E batch \in Batch :
                        lead[i] # {} /\ Propose(Top, i, batch, lead[i])
DecideTop(i)     == \E Q \in Quorum2 :
                        (\A a \in Q : Tells(a, i)) /\ DecideAny(Top, i, Q)
LearnTop(l, i)   == \E Q \in Quorum2 :
                        (\A a \in Q : Tells(a, i)) /\ LearnAny(l, Top, i, Q)
InstallTold(l)   == /\ Stranded(l)
                    /\ \E k \in Givers(l) : InstallAny(l, SnapshotOf(k))

Fairness ==
    /\ \A v \in Value : WF_liveVars(Hear(v))
    /\ \A r \in Ranges : WF_liveVars(Prepare(Top, r))
    /\ \A a \in Acceptor, r \in Ranges : WF_liveVars(PromiseTop(a, r))
    /\ WF_liveVars(ElectTop)
    /\ \A i \in Instance : WF_liveVars(ProposeTop(i))
    /\ \A a \in Acceptor, i \in Instance : WF_liveVars(VoteUp(a, Top, i))
    /\ \A i \in Instance : WF_liveVars(DecideTop(i))
    /\ \A l \in Learner, i \in Instance : WF_liveVars(LearnTop(l, i))
    /\ \A l \in Learner : WF_liveVars(DeliverNext(l))
    /\ \A l \in Keeps : WF_liveVars(Give(l)) /\ WF_liveVars(InstallTold(l))

LiveSpec == LiveInit /\ [][LiveNext]_liveVars /\ Fairness

(* Every value that was broadcast is delivered by every learner that is not lost;
   except that a client which died may have told nobody.  A value that was broadcast
   stays so.  Hence a learner which restarts, and takes back what it delivered,
   delivers it again: what is said here is true of the state after each restart. *)
Delivered == \A v \in Value \ Orphan, l \in Learner :
                 v \in broadcast ~> v \in Range(delivered[l]) \/ l \in lost

(* Nothing was added to MultiPaxos but that: every step is one of its steps,
   or leaves its variables as they are. *)
Safety == Spec
===============================================================================
