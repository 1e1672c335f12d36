------------------------------ MODULE LogVoting ------------------------------
(***************************************************************************)
(* Atomic broadcast from one Synod per instance, without messages: what    *)
(* Voting is to Synod, this is to MultiPaxos.  An action reads the state   *)
(* of the acceptors directly, but only what cannot change any more: the    *)
(* votes of an acceptor below its promise.                                 *)
(*                                                                         *)
(* The three optimisations of MultiPaxos are not visible here: they change *)
(* which messages carry the promises, votes and batches, and when.         *)
(***************************************************************************)
EXTENDS Batches

CONSTANTS Acceptor, Learner,
          Quorum1, Quorum2, \* sets of acceptors: of phase 1, and of phase 2
          Ballot,     \* positive integers
          Instances,  \* how many instances: they are 1..Instances
          PromiseScope, \* what one promise is for: "log" or "instance"
          Keeps       \* the learners that keep checkpoints

(* Quorums of one phase need not meet: see Voting. *)
QuorumsMeet == \A Q \in Quorum1, R \in Quorum2 : Q \cap R # {}

ASSUME /\ \A Q \in Quorum1 \cup Quorum2 : Q \subseteq Acceptor
       /\ QuorumsMeet
       /\ Keeps \subseteq Learner
       /\ Ballot \subseteq Nat \ {0}
       /\ PromiseScope \in {"log", "instance"}

Instance == 1..Instances

(* The clause of PromiseScope.  An acceptor has one promise for the whole log,
   which is number 0 here, or one for each instance.  ScopeOf(i) is the promise
   that speaks of instance i. *)
ScopeOf(i) == IF PromiseScope = "log" THEN 0 ELSE i

Scopes == IF PromiseScope = "log" THEN {0} ELSE Instance

(* A vote is the pair of a ballot and a batch; ballot 0 says: no vote. *)
NoVote == <<0, NoOp>>

VARIABLES broadcast,  \* the values that clients have broadcast
          promised,   \* promised[a][s]: acceptor a's ballot, in scope s
          votes,      \* votes[a][i]: every vote of acceptor a in instance i
          learned,    \* learned[l][i]: the vote that learner l knows chosen
          prefix,     \* prefix[l]: instances 1..prefix[l] are delivered
          delivered,  \* delivered[l]: the values delivered, in order
          chosen,     \* history: chosen[i], the batches chosen in i
          order       \* history: the one order of values that chosen gives

acceptorVars == <<promised, votes>>
learnerVars  == <<learned, prefix, delivered>>
historyVars  == <<chosen, order>>
vars == <<broadcast, acceptorVars, learnerVars, historyVars>>

-----------------------------------------------------------------------------
(* Acceptors Q all voted for the batch in instance i in the one ballot b. *)
VotedTogether(Q, b, i, batch) == \A a \in Q : <<b, batch>> \in votes[a][i]

VotesBelow(Q, b, i) == {w \in UNION {votes[a][i] : a \in Q} : w[1] < b}

-----------------------------------------------------------------------------
(* A client broadcasts a value, once, and its values in turn. *)
Broadcast(v) ==
    /\ v \notin broadcast
    /\ InTurn(v, broadcast)
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<acceptorVars, learnerVars, historyVars>>

(* Acceptor a promises b in these scopes, and keeps its promise in the others. *)
Raise(a, b, scopes) ==
    promised' = [promised EXCEPT ![a] =
        [s \in Scopes |-> IF s \in scopes THEN b ELSE @[s]]]

(* Acceptor a promises to vote in no ballot below b, in some of its scopes: in
   instances that it is asked for, or in any, also in those that nobody has
   begun, for one promise is enough for the whole log. *)
Promise(a, b, scopes) ==
    /\ scopes # {}
    /\ \A s \in scopes : b > promised[a][s]
    /\ Raise(a, b, scopes)
    /\ UNCHANGED <<broadcast, votes, learnerVars, historyVars>>

(* Where no vote below b binds it, ballot b may have any batch of broadcast
   values, also the no-op. *)
MayStart(batch, i) == Range(batch) \subseteq broadcast

(* Otherwise it must have the batch of the highest vote, for the reason that
   Voting gives, in each instance for itself; also if the vote is of somebody
   else, and none of Q's is above it. *)
IsHighest(w, ws) == \A x \in ws : x[1] <= w[1]

Safe(batch, b, i, Q) ==
    LET below == VotesBelow(Q, b, i)
    IN  IF below = {} THEN MayStart(batch, i)
        ELSE \E w \in VotesBelow(Acceptor, b, i) :
                 IsHighest(w, below) /\ w[2] = batch

Promised(Q, b, i) == \A c \in Q : promised[c][ScopeOf(i)] >= b

(* Ballot b has one batch in instance i: what the first vote was for. *)
OneBatchIn(b, i, batch) ==
    \A c \in Acceptor : \A w \in votes[c][i] : w[1] = b => w[2] = batch

MayVote(a, b, i) == b >= promised[a][ScopeOf(i)]

(* A vote is a promise too: without it, an acceptor that voted in b could still
   vote below b, after the owner of a ballot had relied on it not to. *)
VotePromises(a, b, i) == Raise(a, b, {ScopeOf(i)})

(* History only: acceptor a's vote completes a quorum.  The order of values
   then follows from the chosen batches. *)
RecordChoice(a, b, i, batch) ==
    IF \E Q \in Quorum2 : \A c \in Q \ {a} : <<b, batch>> \in votes[c][i]
    THEN /\ chosen' = [chosen EXCEPT ![i] = @ \cup {batch}]
         /\ order' = IF chosen' = chosen THEN order ELSE OrderOf(chosen')
    ELSE UNCHANGED historyVars

(* Acceptor a votes for a batch in ballot b and instance i.  It must not have
   promised a higher ballot, the batch must be the ballot's one batch there,
   and a quorum must show that it is safe. *)
Vote(a, b, i, batch, Q) ==
    /\ MayVote(a, b, i)
    /\ OneBatchIn(b, i, batch)
    /\ Promised(Q, b, i)
    /\ Safe(batch, b, i, Q)
    /\ VotePromises(a, b, i)
    /\ votes' = [votes EXCEPT ![a][i] = @ \cup {<<b, batch>>}]
    /\ RecordChoice(a, b, i, batch)
    /\ UNCHANGED <<broadcast, learnerVars>>

(* Learner l learns the batch of instance i, once a quorum voted for it in
   one ballot.  Instances may be learned in any order. *)
Learn(l, b, i, batch, Q) ==
    /\ learned[l][i] = NoVote
    /\ VotedTogether(Q, b, i, batch)
    /\ learned' = [learned EXCEPT ![l][i] = <<b, batch>>]
    /\ UNCHANGED <<broadcast, acceptorVars, prefix, delivered, historyVars>>

IsNext(l, i) == i = prefix[l] + 1

(* Learner l delivers the batch of the next instance: its values in their
   order, but for those that it has delivered before, and with FIFO those that
   come before their turn (AppendNew).  No instance may be skipped: its batch,
   when it is learned, comes before.  (That MultiPaxos asks a client table what
   was delivered, and not the whole sequence, is not visible here.) *)
Deliver(l, i) ==
    /\ IsNext(l, i)
    /\ learned[l][i] # NoVote
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' = [delivered EXCEPT ![l] = AppendNew(@, Range(@), learned[l][i][2])]
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

(* Learner l is where all learners are, or come to be, that have delivered the
   instances 1..i and no more: what they delivered is the order up to there. *)
StandsAt(l, i) ==
    /\ prefix' = [prefix EXCEPT ![l] = i]
    /\ delivered' = [delivered EXCEPT ![l] = OrderUpTo(chosen, i)]

(* A learner that keeps checkpoints crashes, and is back where it was earlier. *)
Restart(l) ==
    /\ l \in Keeps
    /\ \E i \in 0..prefix[l] : StandsAt(l, i)
    /\ learned' = [learned EXCEPT ![l] = [i \in Instance |-> NoVote]]
    /\ UNCHANGED <<broadcast, acceptorVars, historyVars>>

(* It takes over the state of another one, that is further, and so passes
   instances that it has not learned.  What is chosen in them does not change any
   more, as little as the votes by which it is: so it may be read. *)
InstallSnapshot(l, i) ==
    /\ l \in Keeps
    /\ i > prefix[l]
    /\ \A j \in 1..i : chosen[j] # {}
    /\ StandsAt(l, i)
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ promised  = [a \in Acceptor |-> [s \in Scopes |-> 0]]
        /\ votes     = [a \in Acceptor |-> [i \in Instance |-> {}]]
        /\ learned   = [l \in Learner |-> [i \in Instance |-> NoVote]]
        /\ prefix    = [l \in Learner |-> 0]
        /\ delivered = [l \in Learner |-> << >>]
        /\ chosen    = [i \in Instance |-> {}]
        /\ order     = << >>

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E a \in Acceptor, b \in Ballot, scopes \in SUBSET Scopes :
               Promise(a, b, scopes)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance, batch \in Batch,
              Q \in Quorum1 : Vote(a, b, i, batch, Q)
        \/ \E l \in Learner, b \in Ballot, i \in Instance, batch \in Batch,
              Q \in Quorum2 : Learn(l, b, i, batch, Q)
        \/ \E l \in Learner, i \in Instance : Deliver(l, i)
        \/ \E l \in Learner : Restart(l)
        \/ \E l \in Learner, i \in Instance : InstallSnapshot(l, i)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ promised \in [Acceptor -> [Scopes -> {0} \cup Ballot]]
          /\ votes \in [Acceptor -> [Instance -> SUBSET (Ballot \X Batch)]]
          /\ learned \in [Learner ->
                             [Instance -> {NoVote} \cup (Ballot \X Batch)]]
          /\ prefix \in [Learner -> 0..Instances]
          /\ \A l \in Learner : delivered[l] \in Seq(Value)
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

(* Two votes of one ballot in one instance are for the same batch. *)
OneBatchPerBallot == \A a, c \in Acceptor, i \in Instance :
    \A v \in votes[a][i], w \in votes[c][i] : v[1] = w[1] => v = w

(* No acceptor has a vote above its promise. *)
VotesBelowPromise == \A a \in Acceptor, i \in Instance :
    \A w \in votes[a][i] : w[1] <= promised[a][ScopeOf(i)]

(* What was learned was voted for by one quorum in one ballot. *)
LearnedFromOneBallot == \A l \in Learner, i \in Instance :
    learned[l][i] # NoVote =>
        \E Q \in Quorum2 : \A a \in Q : learned[l][i] \in votes[a][i]

(* What is chosen in an instance that a learner has passed, it has delivered: but
   for what may have come before its turn, or too late. *)
NothingLeftOut == \A l \in Learner : \A i \in 1..prefix[l], batch \in Batch :
    batch \in chosen[i] =>
        {v \in Range(batch) : Before(v) = {} /\ Later(v) = {}} \subseteq Range(delivered[l])

(* A learner that keeps no checkpoints has learned all that it has passed. *)
PassedIsLearned == \A l \in Learner \ Keeps :
    \A i \in 1..prefix[l] : learned[l][i] # NoVote

-----------------------------------------------------------------------------
(* The rung above sees the order, and what was delivered: variables of the
   same names here. *)
AB == INSTANCE AtomicBroadcast
Refinement == AB!Spec
=============================================================================
