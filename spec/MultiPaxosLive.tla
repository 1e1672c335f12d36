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
(* Acceptors do not trim here: with Trim, a late learner learns from those *)
(* that still remember, and has to be given the rest in another way.       *)
(***************************************************************************)
EXTENDS MultiPaxos

CONSTANTS MayCrash,   \* how many acceptors may crash
          Orphan,     \* values whose client dies: it does not insist
          Late        \* learners that start when another one is done

VARIABLES down,       \* the acceptors that have crashed
          heard,      \* the values that the leader of Top has received
          lead        \* lead[i]: the quorum of promises for i it relies on

liveVars == <<vars, down, heard, lead>>

Top == Rounds * Proposers
Up  == Acceptor \ down

(* Every step but that of MultiPaxos that changes nothing. *)
Of(action) == action /\ msgs' # msgs /\ UNCHANGED <<down, heard, lead>>

-----------------------------------------------------------------------------
(* An acceptor crashes, for good. *)
Crash(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ UNCHANGED <<vars, heard, lead>>

(* Whether the client of v sends it again until it sees it delivered. *)
Insists(v) == v \notin Orphan

(* A value reaches the leader of Top. *)
Hear(v) ==
    /\ v \in broadcast \ heard
    /\ Insists(v)
    /\ heard' = heard \cup {v}
    /\ UNCHANGED <<vars, down, lead>>

(* What a leader asks for at a time. *)
Ranges == IF PrepareAhead THEN {<<1, Instances>>}
          ELSE {<<i, i>> : i \in Instance}

Prepare(b, r) == Of(Phase1a(b, r[1], r[2]))

(* An acceptor that is up promises, once for each range. *)
PromiseUp(a, b, r) ==
    /\ a \in Up
    /\ Promises(a, b, r[1]) = {}
    /\ Of(Phase1b(a, b, r[1], r[2]))

(* The leader of Top has its promises, for all instances that Q promised. *)
Elect(Q) ==
    LET new == {i \in Instance : lead[i] = {} /\
                   \A a \in Q : Promises(a, Top, i) # {}}
    IN  /\ Q \subseteq Up
        /\ new # {}
        /\ lead' = [i \in Instance |-> IF i \in new THEN Q ELSE lead[i]]
        /\ UNCHANGED <<vars, down, heard>>

-----------------------------------------------------------------------------
(* The leader of Top knows that something was begun in instance i, or that
   nothing was. *)
Begun(i) == Accepts(Top, i) # {} \/ Reported(lead[i], Top, i) # {}
Free(i)  == lead[i] # {} /\ ~Begun(i)

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
    Started(l) /\ Learn(l, b, i, Q) /\ UNCHANGED <<down, heard, lead>>
DeliverNext(l)       == \E i \in Instance :
                            Deliver(l, i) /\ UNCHANGED <<down, heard, lead>>

LiveInit == /\ Init /\ down = {} /\ heard = {}
            /\ lead = [i \in Instance |-> {}]

LiveNext ==
    \/ \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard, lead>>
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E b \in Ballot, r \in Ranges : Prepare(b, r)
    \/ \E a \in Acceptor, b \in Ballot, r \in Ranges : PromiseUp(a, b, r)
    \/ \E Q \in Quorum : Elect(Q)
    \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum :
           Propose(b, i, batch, Q)
    \/ \E a \in Acceptor, b \in Ballot, i \in Instance : VoteUp(a, b, i)
    \/ \E b \in Ballot, i \in Instance, Q \in Quorum : DecideAny(b, i, Q)
    \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum :
           LearnAny(l, b, i, Q)
    \/ \E l \in Learner : DeliverNext(l)

-----------------------------------------------------------------------------
(* What a quorum said of which one acceptor has crashed may be lost, and nobody
   says it again: only what acceptors say that are up is sure to be heard. *)
PromiseTop(a, r) == (\E i \in r[1]..r[2] : lead[i] = {}) /\ PromiseUp(a, Top, r)
ElectTop         == \E Q \in Quorum : Elect(Q)
ProposeTop(i)    == \E batch \in Batch :
                        lead[i] # {} /\ Propose(Top, i, batch, lead[i])
DecideTop(i)     == \E Q \in Quorum : Q \subseteq Up /\ DecideAny(Top, i, Q)
LearnTop(l, i)   == \E Q \in Quorum : Q \subseteq Up /\ LearnAny(l, Top, i, Q)

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

LiveSpec == LiveInit /\ [][LiveNext]_liveVars /\ Fairness

(* Every value that was broadcast is delivered by every learner; except that a
   client which died may have told nobody. *)
Delivered == \A v \in Value \ Orphan, l \in Learner :
                 v \in broadcast ~> v \in Range(delivered[l])

(* Nothing was added to MultiPaxos but that: every step is one of its steps,
   or leaves its variables as they are. *)
Safety == Spec
===============================================================================
