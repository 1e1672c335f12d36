------------------------------ MODULE VotingLive ------------------------------
(***************************************************************************)
(* Voting that gets somewhere: what has to go on happening so that every   *)
(* learner learns.  Voting says what may happen; this says what must.      *)
(*                                                                         *)
(* No fairness can promise that a leader is not preempted: two that always *)
(* preempt each other learn nothing, for ever.  (No algorithm promises     *)
(* more: Fischer, Lynch and Paterson, 1985.)  So it is assumed of one      *)
(* leader. Ballots are finite here, so there is a highest one, Top, that   *)
(* nothing preempts: it stands for the ballot of the leader that is left   *)
(* alone.  What is assumed is assumed of Top only.  Lower ballots do what  *)
(* they like, also nothing: their leaders may have died at any point.      *)
(*                                                                         *)
(* The assumptions, and what of the running system makes each true         *)
(* (impl/paxos/core/):                                                     *)
(* - at most MayCrash acceptors crash, and a crashed one does not come     *)
(*   back.  True if a quorum stays up; no code can make it true;           *)
(* - Top is promised by every acceptor that is up (PromiseTop).  A leader  *)
(*   without a quorum of promises sends its Prepare again                  *)
(*   (Proposer._retry); and nobody interferes for ever, for a proposer     *)
(*   that hears heartbeats of a higher ballot keeps quiet, and their       *)
(*   patience differs (election.py);                                       *)
(* - a value that was broadcast reaches the leader (Hear): the client      *)
(*   sends it again until it sees it delivered (Client.tick).  Nobody else *)
(*   will: the one leader that knew of it may be dead;                     *)
(* - every acceptor that is up votes in Top (VoteTop): the leader sends    *)
(*   its Accept again until a quorum has voted (Proposer._retry);          *)
(* - a learner hears the votes of a quorum that is up (LearnTop): it asks  *)
(*   for what it misses, and acceptors answer with their votes             *)
(*   (Learner.tick, Acceptor.on_ask).  A quorum of which one has crashed   *)
(*   since is no help, hence only votes in Top are sure to be heard: the   *)
(*   leader runs an instance again for a learner whose question the votes  *)
(*   of older ballots do not settle (repair.py).                           *)
(*                                                                         *)
(* Each but the first is weak fairness: what stays possible is done at     *)
(* some time.                                                              *)
(***************************************************************************)
EXTENDS Voting

CONSTANT MayCrash     \* how many acceptors may crash

VARIABLES down,       \* the acceptors that have crashed
          heard       \* the values that the leader of Top has received

liveVars == <<vars, down, heard>>

Top == CHOOSE b \in Ballot : \A c \in Ballot : c <= b
Up  == Acceptor \ down

-----------------------------------------------------------------------------
(* An acceptor crashes, for good. *)
Crash(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ UNCHANGED <<vars, heard>>

(* Whether the client of v sends it again.  (The first time may be lost, or
   reach only a leader that dies.) *)
Insists(v) == TRUE

(* A value reaches the leader of Top. *)
Hear(v) ==
    /\ v \in broadcast \ heard
    /\ Insists(v)
    /\ heard' = heard \cup {v}
    /\ UNCHANGED <<vars, down>>

(* What is left of Voting: only acceptors that are up promise and vote, and
   the leader of Top has no other values of its own than those it has heard. *)
PromiseUp(a, b) ==
    a \in Up /\ Promise(a, b) /\ UNCHANGED <<down, heard>>

VoteUp(a, b, v, Q) ==
    /\ a \in Up
    /\ <<b, v>> \notin votes[a]
    /\ b = Top /\ VotesBelow(Q, b) = {} => v \in heard
    /\ Vote(a, b, v, Q)
    /\ UNCHANGED <<down, heard>>

LearnAny(l, b, v, Q) == Learn(l, b, v, Q) /\ UNCHANGED <<down, heard>>

LiveInit == Init /\ down = {} /\ heard = {}

LiveNext ==
    \/ \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard>>
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E a \in Acceptor, b \in Ballot : PromiseUp(a, b)
    \/ \E a \in Acceptor, b \in Ballot, v \in Value, Q \in Quorum1 :
           VoteUp(a, b, v, Q)
    \/ \E l \in Learner, b \in Ballot, v \in Value, Q \in Quorum2 :
           LearnAny(l, b, v, Q)

-----------------------------------------------------------------------------
PromiseTop(a) == PromiseUp(a, Top)
VoteTop(a)    == \E v \in Value, Q \in Quorum1 : VoteUp(a, Top, v, Q)
LearnTop(l)   == \E v \in Value, Q \in Quorum2 :
                     Q \subseteq Up /\ LearnAny(l, Top, v, Q)

Fairness ==
    /\ \A v \in Value : WF_liveVars(Hear(v))
    /\ \A a \in Acceptor : WF_liveVars(PromiseTop(a)) /\ WF_liveVars(VoteTop(a))
    /\ \A l \in Learner : WF_liveVars(LearnTop(l))

LiveSpec == LiveInit /\ [][LiveNext]_liveVars /\ Fairness

(* Once anything is broadcast, every learner learns. *)
Progress == \A l \in Learner : broadcast # {} ~> learned[l] # NoVote

(* Nothing was added to Voting but that: every step is one of its steps, or
   leaves its variables as they are. *)
Safety == Spec
===============================================================================
