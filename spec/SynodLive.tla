------------------------------ MODULE SynodLive -------------------------------
(***************************************************************************)
(* Synod that gets somewhere: VotingLive with messages.  Read that first:  *)
(* it says what is assumed, and what of the running system makes it true.  *)
(*                                                                         *)
(* A message that was sent stays in msgs, and nothing says when it is      *)
(* received.  Weak fairness of the action that receives it says: at some   *)
(* time.  For a network that may lose any message, that means: it is sent  *)
(* again until it is answered, and not every copy is lost.  So each        *)
(* fairness here stands for one repetition in the code: of Prepare and     *)
(* Accept by the leader (Proposer._retry), of a Promise and an Accepted by *)
(* acceptors, as answers to these, of Decide and of votes when a learner   *)
(* asks (Learner.tick, repair.py).                                         *)
(***************************************************************************)
EXTENDS Synod

CONSTANT MayCrash     \* how many acceptors may crash

VARIABLES down,       \* the acceptors that have crashed
          heard       \* the values that the leader of Top has received

liveVars == <<vars, down, heard>>

Top == Rounds * Proposers
Up  == Acceptor \ down

(* Every step but that of Synod that changes nothing. *)
Of(action) == action /\ msgs' # msgs /\ UNCHANGED <<down, heard>>

-----------------------------------------------------------------------------
(* An acceptor crashes, for good. *)
Crash(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ UNCHANGED <<vars, heard>>

(* Whether the client of v sends it again. *)
Insists(v) == TRUE

(* A value reaches the leader of Top. *)
Hear(v) ==
    /\ v \in broadcast \ heard
    /\ Insists(v)
    /\ heard' = heard \cup {v}
    /\ UNCHANGED <<vars, down>>

(* What is left of Synod: only acceptors that are up answer, and the leader of
   Top has no other values of its own than those it has heard. *)
Prepare(b)    == (b = Top => heard # {}) /\ Of(Phase1a(b))
PromiseUp(a, b) == a \in Up /\ Of(Phase1b(a, b))
VoteUp(a, b)  == a \in Up /\ Of(Phase2b(a, b))
Propose(b, v, Q) ==
    (b = Top /\ Reported(Q, b) = {} => v \in heard) /\ Of(Phase2a(b, v, Q))
DecideAny(b, Q) == Of(Decide(b, Q))
LearnAny(l, b)  == \E Q \in Quorum2 : Learn(l, b, Q) /\ UNCHANGED <<down, heard>>

LiveInit == Init /\ down = {} /\ heard = {}

LiveNext ==
    \/ \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard>>
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E b \in Ballot : Prepare(b)
    \/ \E a \in Acceptor, b \in Ballot : PromiseUp(a, b)
    \/ \E b \in Ballot, v \in Value, Q \in Quorum1 : Propose(b, v, Q)
    \/ \E a \in Acceptor, b \in Ballot : VoteUp(a, b)
    \/ \E b \in Ballot, Q \in Quorum2 : DecideAny(b, Q)
    \/ \E l \in Learner, b \in Ballot : LearnAny(l, b)

-----------------------------------------------------------------------------
(* What a quorum said of which one acceptor has crashed may be lost, and nobody
   says it again: only what acceptors say that are up is sure to be heard. *)
ProposeTop == \E v \in Value, Q \in Quorum1 :
                  Q \subseteq Up /\ Propose(Top, v, Q)
DecideTop  == \E Q \in Quorum2 : Q \subseteq Up /\ DecideAny(Top, Q)

Fairness ==
    /\ \A v \in Value : WF_liveVars(Hear(v))
    /\ WF_liveVars(Prepare(Top))
    /\ \A a \in Acceptor :
           WF_liveVars(PromiseUp(a, Top)) /\ WF_liveVars(VoteUp(a, Top))
    /\ WF_liveVars(ProposeTop)
    /\ WF_liveVars(DecideTop)
    /\ \A l \in Learner : WF_liveVars(LearnAny(l, Top))

LiveSpec == LiveInit /\ [][LiveNext]_liveVars /\ Fairness

(* Once anything is broadcast, every learner learns. *)
Progress == \A l \in Learner : broadcast # {} ~> learned[l] # NoVote

(* Nothing was added to Synod but that: every step is one of its steps, or
   leaves its variables as they are. *)
Safety == Spec
===============================================================================
