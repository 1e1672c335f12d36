---------------------------- MODULE SimMultiPaxos -----------------------------
(***************************************************************************)
(* MultiPaxos beyond the bounds of a search: random behaviours, with every *)
(* action split by what it does in them, so that TLC's coverage tells how  *)
(* often each was taken.  Together they are the actions of MultiPaxos, but *)
(* for steps that change nothing, of which only Recover is left, and for   *)
(* ballots that begin before anybody has voted in one below: see Turn.     *)
(***************************************************************************)
EXTENDS MultiPaxos

BroadcastValue == \E v \in Value : Broadcast(v)

(* A leader asks for instances: for the first time, or again.  A ballot begins
   when somebody has voted in one below: otherwise most walks would be over with
   the first few promises, those of the highest ballot. *)
Asked(b) == \E m \in msgs : m.type = "1a" /\ m.bal = b
Turn(b)  == b = 1 \/ \E m \in msgs : m.type = "2b" /\ m.bal < b
PrepareFirst == \E b \in Ballot, from, to \in Instance :
    Turn(b) /\ ~Asked(b) /\ Phase1a(b, from, to)
PrepareMore == \E b \in Ballot, from, to \in Instance :
    Asked(b) /\ Phase1a(b, from, to) /\ msgs' # msgs

(* An acceptor has votes to report, or not; it answers all that was asked, or a
   part. *)
PromiseSilent == \E a \in Acceptor, b \in Ballot, from, to \in Instance :
    VotesOf(a, from, to) = {} /\ Phase1b(a, b, from, to) /\ msgs' # msgs
PromiseWithVotes == \E a \in Acceptor, b \in Ballot, from, to \in Instance :
    VotesOf(a, from, to) # {} /\ Phase1b(a, b, from, to) /\ msgs' # msgs
PromisePart == \E a \in Acceptor, b \in Ballot, from, to \in Instance :
    /\ [type |-> "1a", bal |-> b, from |-> from, to |-> to] \notin msgs
    /\ Phase1b(a, b, from, to) /\ msgs' # msgs

(* A leader is obliged to a batch: by votes of one ballot, or of several, of
   which it takes the highest.  Or it is free, and proposes values, or fills a
   gap. *)
ProposeVoted == \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
    Cardinality(Reported(Q, b, i)) = 1 /\ Phase2a(b, i, batch, Q)
ProposeHighest == \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
    Cardinality(Reported(Q, b, i)) > 1 /\ Phase2a(b, i, batch, Q)
ProposeValues == \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
    batch # NoOp /\ Reported(Q, b, i) = {} /\ Phase2a(b, i, batch, Q)
ProposeNoOp == \E b \in Ballot, i \in Instance, Q \in Quorum1 :
    Reported(Q, b, i) = {} /\ Phase2a(b, i, NoOp, Q)

(* An acceptor votes in an instance for the first time, or in a higher ballot;
   having promised the ballot, or not. *)
VoteFirst == \E a \in Acceptor, b \in Ballot, i \in Instance :
    vote[a][i] = NoVote /\ Phase2b(a, b, i)
VoteHigher == \E a \in Acceptor, b \in Ballot, i \in Instance :
    vote[a][i] # NoVote /\ vote[a][i][1] < b /\ Phase2b(a, b, i)
VoteUnpromised == \E a \in Acceptor, b \in Ballot, i \in Instance :
    promised[a][ScopeOf(i)] < b /\ Phase2b(a, b, i)

DecideChosen == \E b \in Ballot, i \in Instance, Q \in Quorum2 :
    Decide(b, i, Q) /\ msgs' # msgs

(* A learner learns the next instance, or one above a gap; and delivers new
   values, duplicates only, or a no-op. *)
LearnNext == \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
    i = prefix[l] + 1 /\ Learn(l, b, i, Q)
LearnAboveGap == \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
    i > prefix[l] + 1 /\ Learn(l, b, i, Q)

Fresh(l, i) == Range(learned[l][i][2]) \ Range(delivered[l])
DeliverNew == \E l \in Learner, i \in Instance :
    Fresh(l, i) # {} /\ Deliver(l, i)
DeliverDuplicate == \E l \in Learner, i \in Instance :
    Fresh(l, i) = {} /\ learned[l][i][2] # NoOp /\ Deliver(l, i)
DeliverNoOp == \E l \in Learner, i \in Instance :
    learned[l][i][2] = NoOp /\ Deliver(l, i)

TrimDelivered == \E a \in Acceptor, i \in Instance : Trim(a, i)

(* An acceptor comes back with what everybody has seen, or with a promise or a
   vote that nobody has; and says again what it voted. *)
RecoverAll == \E a \in Acceptor : Recover(a)
RecoverUnseenPromise == \E a \in Acceptor, b \in Ballot, s \in Scopes :
    RecoverPromise(a, b, s) /\ promised' # promised
RecoverUnseenVote == \E a \in Acceptor, b \in Ballot, i \in Instance :
    RecoverVote(a, b, i) /\ vote' # vote
RepeatVote == \E a \in Acceptor, i \in Instance : Repeat(a, i) /\ msgs' # msgs

Walk ==
    \/ BroadcastValue
    \/ PrepareFirst \/ PrepareMore
    \/ PromiseSilent \/ PromiseWithVotes \/ PromisePart
    \/ ProposeVoted \/ ProposeHighest \/ ProposeValues \/ ProposeNoOp
    \/ VoteFirst \/ VoteHigher \/ VoteUnpromised
    \/ DecideChosen
    \/ LearnNext \/ LearnAboveGap
    \/ DeliverNew \/ DeliverDuplicate \/ DeliverNoOp
    \/ TrimDelivered
    \/ RecoverAll \/ RecoverUnseenPromise \/ RecoverUnseenVote \/ RepeatVote

Walks == Init /\ [][Walk]_vars

(* The other ways to learn and to prepare: with DirectLearning, and so without
   Decide, and without PrepareAhead.  Phase 1 is for one instance then, so that
   there is no part of it to answer; and only because a value waits, or to finish
   what was begun. *)
PrepareWaiting == \E b \in Ballot, i \in Instance :
    (Turn(b) \/ Asked(b)) /\ ValueWaits(b) /\ Phase1a(b, i, i) /\ msgs' # msgs
PrepareBegun == \E b \in Ballot, i \in Instance :
    (Turn(b) \/ Asked(b)) /\ ~ValueWaits(b) /\ Phase1a(b, i, i) /\ msgs' # msgs

DirectWalk ==
    \/ BroadcastValue
    \/ PrepareWaiting \/ PrepareBegun
    \/ PromiseSilent \/ PromiseWithVotes
    \/ ProposeVoted \/ ProposeHighest \/ ProposeValues \/ ProposeNoOp
    \/ VoteFirst \/ VoteHigher \/ VoteUnpromised
    \/ LearnNext \/ LearnAboveGap
    \/ DeliverNew \/ DeliverDuplicate \/ DeliverNoOp
    \/ TrimDelivered
    \/ RecoverAll \/ RecoverUnseenPromise \/ RecoverUnseenVote \/ RepeatVote

DirectWalks == Init /\ [][DirectWalk]_vars

(* IsHighest: the batch of any vote. *)
IsAny(v, reported) == TRUE

(* QuorumsMeet: quorums of the two phases that do not meet may be chosen. *)
AnyQuorums == TRUE
===============================================================================
