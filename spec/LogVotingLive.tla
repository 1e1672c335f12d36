---------------------------- MODULE LogVotingLive -----------------------------
(***************************************************************************)
(* LogVoting that gets somewhere: every value of a client that insists is  *)
(* delivered by every learner.  Read VotingLive first: the assumptions,    *)
(* and what of the running system makes each true, are the same; here is   *)
(* what a log adds.                                                        *)
(*                                                                         *)
(* - The leader of Top has one quorum of promises, lead, for all it does:  *)
(*   what that quorum reports tells it which batches to propose again and  *)
(*   where it is free.  (Proposer._promised.)                              *)
(* - A free instance gets a value that waits, lowest first; below an       *)
(*   instance that was begun it may get the no-op, for what was proposed   *)
(*   there may have been known to nobody but a leader that is dead         *)
(*   (Proposer._propose_ready).                                            *)
(* - Learners deliver as soon as the next instance is learned              *)
(*   (Learner._deliver), and a learner that starts late learns like any    *)
(*   other, by asking (Learner.tick).                                      *)
(*                                                                         *)
(* The log of a model ends; that of the system does not.  So that the      *)
(* values have room in it, a leader puts a value in one instance, and      *)
(* lower ballots leave the last instances free.                            *)
(***************************************************************************)
EXTENDS LogVoting

CONSTANTS MayCrash,   \* how many acceptors may crash
          Orphan,     \* values whose client dies: it does not insist
          Late        \* learners that start when another one is done

VARIABLES down,       \* the acceptors that have crashed
          heard,      \* the values that the leader of Top has received
          lead        \* the quorum of promises it relies on; {}: none yet

liveVars == <<vars, down, heard, lead>>

Top == CHOOSE b \in Ballot : \A c \in Ballot : c <= b
Up  == Acceptor \ down

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

PromiseUp(a, b) ==
    a \in Up /\ Promise(a, b, Scopes) /\ UNCHANGED <<down, heard, lead>>

(* The leader of Top has its promises.  (From acceptors that are up: which
   others have promised it cannot be sure to hear.) *)
Elect(Q) ==
    /\ lead = {}
    /\ Q \subseteq Up
    /\ \A i \in Instance : Promised(Q, Top, i)
    /\ lead' = Q
    /\ UNCHANGED <<vars, down, heard>>

-----------------------------------------------------------------------------
(* What ballot b has in instance i: the batches voted for, at most one. *)
Batches(b, i) == {w[2] : w \in {x \in UNION {votes[a][i] : a \in Acceptor} :
                                   x[1] = b}}

(* The value is in an instance that the leader of Top knows of. *)
Placed(v) == \E i \in Instance :
    \/ \E batch \in Batches(Top, i) : v \in Range(batch)
    \/ \E w \in VotesBelow(lead, Top, i) :
           IsHighest(w, VotesBelow(lead, Top, i)) /\ v \in Range(w[2])

(* Nothing was begun in instance i, as far as the leader of Top knows. *)
Free(i) == Batches(Top, i) = {} /\ VotesBelow(lead, Top, i) = {}

(* A gap may be filled with the no-op. *)
MayFill(i) == \E j \in Instance : j > i /\ ~Free(j)

(* What the leader of Top proposes, apart from what it is obliged to. *)
Fresh(batch, i) ==
    IF batch = NoOp THEN MayFill(i)
    ELSE /\ \A v \in Range(batch) : v \in heard /\ ~Placed(v)
         /\ \A j \in 1..(i - 1) : ~Free(j)

(* What a leader below Top proposes: a value once, and not so high that the
   log of the model has no room for the others.  That it skips an instance
   means that its proposal there was lost. *)
Room == Instances + 1 - Cardinality(Value)

Below(batch, b, i) ==
    /\ i <= Room
    /\ batch # NoOp
    /\ \A j \in Instance \ {i} : batch \notin Batches(b, j)

(* An acceptor that is up votes.  The batch is one that its ballot has
   already, or is obliged to, or one that its leader may choose. *)
VoteUp(a, b, i, batch, Q) ==
    /\ a \in Up
    /\ MayVote(a, b, i)
    /\ b = Top => Q = lead /\ lead # {}
    /\ <<b, batch>> \notin votes[a][i]
    /\ Batches(b, i) = {} /\ VotesBelow(Q, b, i) = {} =>
           IF b = Top THEN Fresh(batch, i) ELSE Below(batch, b, i)
    /\ Vote(a, b, i, batch, Q)
    /\ UNCHANGED <<down, heard, lead>>

(* A late learner starts when another has delivered all there is. *)
Started(l) == l \in Late =>
    \E k \in Learner \ Late : broadcast \ Orphan \subseteq Range(delivered[k])

LearnAny(l, b, i, batch, Q) ==
    Started(l) /\ Learn(l, b, i, batch, Q) /\ UNCHANGED <<down, heard, lead>>

DeliverNext(l) == \E i \in Instance :
    Deliver(l, i) /\ UNCHANGED <<down, heard, lead>>

LiveInit == Init /\ down = {} /\ heard = {} /\ lead = {}

LiveNext ==
    \/ \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard, lead>>
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E a \in Acceptor, b \in Ballot : PromiseUp(a, b)
    \/ \E Q \in Quorum1 : Elect(Q)
    \/ \E a \in Acceptor, b \in Ballot, i \in Instance, batch \in Batch,
          Q \in Quorum1 : VoteUp(a, b, i, batch, Q)
    \/ \E l \in Learner, b \in Ballot, i \in Instance, batch \in Batch,
          Q \in Quorum2 : LearnAny(l, b, i, batch, Q)
    \/ \E l \in Learner : DeliverNext(l)

-----------------------------------------------------------------------------
(* (An acceptor that has not promised when the leader has its quorum promises
   with its first vote.) *)
PromiseTop(a)    == lead = {} /\ PromiseUp(a, Top)
ElectTop         == \E Q \in Quorum1 : Elect(Q)
VoteTop(a, i)    == \E batch \in Batch : VoteUp(a, Top, i, batch, lead)
LearnTop(l, i)   == \E batch \in Batch, Q \in Quorum2 :
                        Q \subseteq Up /\ LearnAny(l, Top, i, batch, Q)

Fairness ==
    /\ \A v \in Value : WF_liveVars(Hear(v))
    /\ \A a \in Acceptor : WF_liveVars(PromiseTop(a))
    /\ WF_liveVars(ElectTop)
    /\ \A a \in Acceptor, i \in Instance : WF_liveVars(VoteTop(a, i))
    /\ \A l \in Learner, i \in Instance : WF_liveVars(LearnTop(l, i))
    /\ \A l \in Learner : WF_liveVars(DeliverNext(l))

LiveSpec == LiveInit /\ [][LiveNext]_liveVars /\ Fairness

(* Every value that was broadcast gets its place in the one order, and is
   delivered by every learner; except that a client which died may have told
   nobody. *)
Ordered   == \A v \in Value \ Orphan : v \in broadcast ~> v \in Range(order)
Delivered == \A v \in Value \ Orphan, l \in Learner :
                 v \in broadcast ~> v \in Range(delivered[l])

(* Nothing was added to LogVoting but that: every step is one of its steps,
   or leaves its variables as they are. *)
Safety == Spec
===============================================================================
