------------------------- MODULE MultiPaxosInductive -------------------------
(***************************************************************************)
(* Why MultiPaxos agrees, and why its learners deliver one order, also     *)
(* where acceptors trim and learners come back from checkpoints.  Read     *)
(* SynodInductive and LogVotingInductive first: the former is what is here *)
(* said of messages, in each instance for itself, and the latter what is   *)
(* said of what is chosen and of learners.                                 *)
(*                                                                         *)
(* What is new: an acceptor may have cast votes that nobody was told of    *)
(* (RecoverVote), so that votes, the history, is what counts, and not 2b   *)
(* messages; it reports in one message on many instances; and of some it   *)
(* has forgotten how it voted, which it must not report on.                *)
(***************************************************************************)
EXTENDS MultiPaxos

-----------------------------------------------------------------------------
VotesBelow(Q, b, i) == {w \in UNION {votes[a][i] : a \in Q} : w[1] < b}

(* Every proposal is safe, by a quorum, as in SynodInductive. *)
ShowsSafe(Q, b, i, batch) ==
    LET below == VotesBelow(Q, b, i)
    IN  /\ \A a \in Q : promised[a][ScopeOf(i)] >= b
        /\ below # {} => \E w \in VotesBelow(Acceptor, b, i) :
                             IsHighest(w, below) /\ w[2] = batch

ProposalsSafe == \A m \in msgs : m.type = "2a" =>
    \E Q \in Quorum1 : ShowsSafe(Q, m.bal, m.inst, m.batch)

(* Only what was broadcast is proposed. *)
ProposalsBroadcast == \A m \in msgs : m.type = "2a" => Range(m.batch) \subseteq broadcast

(* Only what was proposed is voted for, and a 2b says so of a vote that was cast. *)
VotesProposed == \A a \in Acceptor, i \in Instance : \A w \in votes[a][i] :
    [type |-> "2a", bal |-> w[1], inst |-> i, batch |-> w[2]] \in msgs

VotesTrue == \A m \in msgs : m.type = "2b" => \E w \in votes[m.acc][m.inst] : w[1] = m.bal

(* What an acceptor has stored of an instance is a vote that it cast, and of those
   that it has not trimmed, its highest. *)
LastVote == \A a \in Acceptor, i \in Instance :
    /\ vote[a][i] # NoVote => vote[a][i] \in votes[a][i]
    /\ i > trimmed[a] => \A w \in votes[a][i] : w[1] <= vote[a][i][1]

(* VotesBelowPromise, of MultiPaxos, is the next. *)

(* A promise that was sent is true: what it reports are votes of the acceptor; and
   of the instances that it covers, the acceptor has promised the ballot, and no
   vote below the ballot is above the one that is reported.  That it was not sent
   of a trimmed instance is why: MayReport. *)
PromisesTrue == \A m \in msgs : m.type = "1b" =>
    /\ \A v \in m.votes : v[2] <= m.bal /\ <<v[2], v[3]>> \in votes[m.acc][v[1]]
    /\ \A i \in m.from..m.to :
           /\ m.bal <= promised[m.acc][ScopeOf(i)]
           /\ \A w \in votes[m.acc][i] : w[1] < m.bal =>
                  \E v \in m.votes : v[1] = i /\ w[1] <= v[2]

(* Only what was chosen is decided, and only what was voted for by a quorum in one
   ballot is learned. *)
DecisionsChosen == \A m \in msgs : m.type = "Decide" =>
    \E Q \in Quorum2 : VotedTogether(Q, m.bal, m.inst)

LearnedVoted == \A l \in Learner, i \in Instance : learned[l][i] # NoVote =>
    \E Q \in Quorum2 : \A a \in Q : learned[l][i] \in votes[a][i]

(* The variables of history are what they would be if they were computed. *)
ChosenByVotes == \A i \in Instance :
    chosen[i] = {batch \in Batch : \E b \in Ballot, Q \in Quorum2 :
                    \A a \in Q : <<b, batch>> \in votes[a][i]}

OrderOfChosen == order = OrderOf(chosen)

(* The state of a learner is what the order gives at its prefix, and so is that of
   a checkpoint (CheckpointIsState, of Checkpoints), and of a snapshot that was
   sent. *)
DeliveredIsOrder == \A l \in Learner : IsStateOfOrder(StateOf(l))

SnapshotIsState == \A m \in msgs : m.type = "Snapshot" /\ IsOurs(m) => IsStateOfOrder(m.state)

(* The last three are why what is trimmed is over; nothing else relies on them.  A
   learner stands at its checkpoint or above it, and takes no snapshot of less. *)
CheckpointsRise == \A l \in Learner :
    /\ taken[l].prefix <= prefix[l]
    /\ checkpoint[l].prefix <= prefix[l]
    /\ taken[l] # Beginning => checkpoint[l].prefix <= taken[l].prefix

(* So what a learner has said that it has, it has: one without checkpoints takes
   nothing back, and a checkpoint is followed by none of less. *)
SaidIsTrue == \A m \in msgs :
    /\ m.type = "Delivered" /\ m.lrn \notin Keeps => m.inst <= prefix[m.lrn]
    /\ m.type = "Checkpointed" => m.inst <= checkpoint[m.lrn].prefix

(* TrimmedIsOver, of MultiPaxos, is the third: Trim asks what was said. *)
Inv == /\ TypeOK
       /\ ProposalsSafe
       /\ ProposalsBroadcast
       /\ VotesProposed
       /\ VotesTrue
       /\ LastVote
       /\ VotesBelowPromise
       /\ PromisesTrue
       /\ DecisionsChosen
       /\ LearnedVoted
       /\ ChosenByVotes
       /\ OrderOfChosen
       /\ DeliveredIsOrder
       /\ CheckpointIsState
       /\ SnapshotIsState
       /\ CheckpointsRise
       /\ SaidIsTrue
       /\ TrimmedIsOver

(* What it is for; this is what AtomicBroadcast asks of every delivery. *)
DeliveredInOrder == \A l \in Learner : IsPrefix(delivered[l], order)

Goal == Agreement /\ Integrity /\ TotalOrder /\ DeliveredInOrder /\ FIFO
===============================================================================
