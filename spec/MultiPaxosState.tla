-------------------------- MODULE MultiPaxosState ---------------------------
(***************************************************************************)
(* What there is in MultiPaxos: its processes, what each of them knows,    *)
(* and the messages.  What they do is in MultiPaxos.                       *)
(*                                                                         *)
(* A message, once sent, stays in msgs for ever, and an action that needs  *)
(* one only looks whether it is there.  So a message may be received late, *)
(* twice, out of order or never, at no cost in actions or states.  For the *)
(* same reason a proposer and a client have no variables of their own:     *)
(* what they may do next follows from the messages that were sent.         *)
(***************************************************************************)
EXTENDS Batches

CONSTANTS Acceptor, Learner,
          Quorum1, Quorum2, \* sets of acceptors: of phase 1, and of phase 2
          Proposers,       \* how many proposers: they are 1..Proposers
          Rounds,          \* how many rounds: they are 1..Rounds
          Instances,       \* how many instances: they are 1..Instances
          DirectLearning,  \* optimisation 1: learners learn from votes
          PrepareAhead,    \* optimisation 2: Phase 1 before a value is known
                           \* optimisation 3 is MaxBatch, in Batches, and so
                           \* are Before, for FIFO, and Later, for sessions
          PromiseScope,    \* what one promise is for: "log" or "instance"
          Keeps            \* the learners that keep checkpoints

(* Quorums of one phase need not meet: see Voting. *)
QuorumsMeet == \A Q \in Quorum1, R \in Quorum2 : Q \cap R # {}

ASSUME /\ \A Q \in Quorum1 \cup Quorum2 : Q \subseteq Acceptor
       /\ QuorumsMeet
       /\ Keeps \subseteq Learner
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

(* A learner that keeps no checkpoints, or has lost them, loses everything as it
   crashes.  So one that is started again is a new learner here, which begins with
   instance 1; Learner has one element for each life.  Lives has a set for each
   learner that the cluster has, of all its lives; it is empty where nobody knows
   how many learners there are. *)
Lives == {{l} : l \in Learner}

(* Acceptors may forget an instance once all learners of one of these sets have
   it: all that there are; or where the learners keep checkpoints, and one that is
   behind is given the snapshot of another (Keepers <- KeepersMajority), any
   majority, of those that do keep them.  A majority of disks survives. *)
Keepers == {Lives}

KeepersMajority ==
    {K \in SUBSET Lives : /\ 2 * Cardinality(K) > Cardinality(Lives)
                          /\ UNION K \subseteq Keeps}

VARIABLES broadcast,  \* the values that clients have broadcast
          msgs,       \* every message ever sent
          promised,   \* promised[a][s]: acceptor a's ballot, in scope s
          vote,       \* vote[a][i]: acceptor a's last vote in instance i
          trimmed,    \* trimmed[a]: a has forgotten instances 1..trimmed[a]
          learned,    \* learned[l][i]: the vote that learner l knows chosen
          prefix,     \* prefix[l]: instances 1..prefix[l] are delivered
          delivered,  \* delivered[l]: the values delivered, in order
          known,      \* known[l]: its client table, of values delivered
          taken,      \* taken[l]: a snapshot of l, on the way to its disk
          checkpoint, \* checkpoint[l]: the snapshot that is on l's disk
          votes,      \* history: votes[a][i], every vote of a in instance i
          chosen,     \* history: chosen[i], the batches chosen in i
          order       \* history: the one order of values that chosen gives

acceptorVars == <<promised, vote, trimmed>>
stateVars    == <<prefix, delivered, known>>
learnerVars  == <<learned, stateVars, taken, checkpoint>>
historyVars  == <<votes, chosen, order>>
vars == <<broadcast, msgs, acceptorVars, learnerVars, historyVars>>

(* The state of a learner when it has delivered the instances 1..prefix: what it
   has made of them (all of delivered; an application has made a state of it), and
   the client table.  A snapshot has all of it, or none. *)
Snapshot == [prefix : 0..Instances, delivered : Seq(Value), known : SUBSET Value]

(* Before anything is delivered.  It stands for: no snapshot. *)
Beginning == [prefix |-> 0, delivered |-> << >>, known |-> {}]

Message ==
         [type : {"1a"}, bal : Ballot, from : Instance, to : Instance]
    \cup [type : {"1b"}, acc : Acceptor, bal : Ballot,
          from : Instance, to : Instance,
          votes : SUBSET (Instance \X Ballot \X Batch)]
    \cup [type : {"2a"}, bal : Ballot, inst : Instance, batch : Batch]
    \cup [type : {"2b"}, acc : Acceptor, bal : Ballot, inst : Instance]
    \cup [type : {"Decide"}, bal : Ballot, inst : Instance]
    \cup [type : {"Delivered"}, lrn : Learner, inst : Instance]
    \cup [type : {"Checkpointed"}, lrn : Learner, inst : 0..Instances]
    \cup [type : {"Snapshot"}, cluster : {"ours", "theirs"}, state : Snapshot]

(* Messages of other clusters, which may be about. *)
Foreign == {}

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

=============================================================================
