-------------------------- MODULE LogVotingInductive --------------------------
(***************************************************************************)
(* Why LogVoting agrees, and why its learners deliver one order.  Read     *)
(* VotingInductive first: the first four conjuncts are the same here, in   *)
(* each instance for itself; what joins the instances, if PromiseScope is  *)
(* the log, is one promise for all of them, which only makes more votes    *)
(* final.                                                                  *)
(***************************************************************************)
EXTENDS LogVoting

-----------------------------------------------------------------------------
(* OneBatchPerBallot, of LogVoting, is the first conjunct.  The second: of every
   vote there is a quorum that shows it to be safe. *)
ShowsSafe(Q, b, i, batch) ==
    LET below == VotesBelow(Q, b, i)
    IN  /\ \A a \in Q : promised[a][ScopeOf(i)] >= b
        /\ below # {} => \E w \in VotesBelow(Acceptor, b, i) :
                             IsHighest(w, below) /\ w[2] = batch

VotesSafe == \A a \in Acceptor, i \in Instance : \A w \in votes[a][i] :
    \E Q \in Quorum1 : ShowsSafe(Q, w[1], i, w[2])

(* LearnedFromOneBallot, of LogVoting, is the third; and the fourth: *)
VotesBroadcast == \A a \in Acceptor, i \in Instance : \A w \in votes[a][i] :
    Range(w[2]) \subseteq broadcast

(* What follows says that the variables which could be computed from others are
   what they would be.  First chosen: a batch enters it with the vote that
   completes a quorum, and votes are never taken back. *)
ChosenByVotes == \A i \in Instance :
    chosen[i] = {batch \in Batch : \E b \in Ballot, Q \in Quorum2 :
                    VotedTogether(Q, b, i, batch)}

(* order changes when chosen does. *)
OrderOfChosen == order = OrderOf(chosen)

(* And what a learner delivered is the order up to its prefix, as far as which a
   batch is chosen in every instance: whether it learned these batches, or was
   given what others had made of them, in a snapshot, or had itself, in a
   checkpoint. *)
DeliveredIsOrder == \A l \in Learner :
    /\ \A i \in 1..prefix[l] : chosen[i] # {}
    /\ delivered[l] = OrderUpTo(chosen, prefix[l])

(* By VotingInductive at most one batch is chosen in an instance, and what is
   learned is that batch: so to deliver it is to go on in the order, and what is
   chosen below does not change any more.  Of two sequences that begin the one
   order one is a prefix of the other.  AppendNew lets no value in twice, and
   VotesBroadcast none that was not broadcast. *)
Inv == /\ TypeOK
       /\ OneBatchPerBallot
       /\ VotesSafe
       /\ LearnedFromOneBallot
       /\ VotesBroadcast
       /\ ChosenByVotes
       /\ OrderOfChosen
       /\ DeliveredIsOrder

(* What it is for; this is what AtomicBroadcast asks of every delivery. *)
DeliveredInOrder == \A l \in Learner : IsPrefix(delivered[l], order)

Goal == Agreement /\ Integrity /\ TotalOrder /\ DeliveredInOrder /\ FIFO

-----------------------------------------------------------------------------
(* A state where Inv is true.  TLC finds them in the order of these lines.  (The
   equations keep it from looking for every way in which a line is true.) *)
SomeVotes == [Acceptor -> [Instance -> SUBSET (Ballot \X Batch)]]

Orders == {s \in UNION {[1..n -> Value] : n \in 0..Cardinality(Value)} :
              Cardinality(Range(s)) = Len(s)}

InvHolds ==
    /\ votes \in SomeVotes
    /\ OneBatchPerBallot = TRUE
    /\ promised \in [Acceptor -> [Scopes -> {0} \cup Ballot]]
    /\ VotesSafe = TRUE
    /\ broadcast \in SUBSET Value
    /\ VotesBroadcast = TRUE
    /\ chosen \in [Instance -> SUBSET Batch]
    /\ ChosenByVotes = TRUE
    /\ order \in Orders
    /\ OrderOfChosen = TRUE
    /\ learned \in [Learner -> [Instance -> {NoVote} \cup (Ballot \X Batch)]]
    /\ LearnedFromOneBallot = TRUE
    /\ prefix \in [Learner -> 0..Instances]
    /\ delivered \in [Learner -> Orders]
    /\ DeliveredIsOrder = TRUE

(* From there, any step. *)
Induction == InvHolds /\ [][Next]_vars

(* With a conjunct left out, the states in which there would still be nothing
   wrong; in these models one step makes something wrong. *)
InductionWithout == InvHolds /\ Goal = TRUE /\ [][Next]_vars
===============================================================================
