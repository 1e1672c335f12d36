--------------------------- MODULE VotingInductive ----------------------------
(***************************************************************************)
(* Why Voting agrees: the proof, in a form that TLC can check.             *)
(*                                                                         *)
(* TLC's search of Voting says that no reachable state is wrong, at the    *)
(* bounds of a model.  It does not say why.  Inv does: it is true at the   *)
(* start, every step from any state where it is true, reachable or not,    *)
(* leads to one where it is true, and where it is true there is Agreement  *)
(* and Integrity.  A model of this module starts in all states where Inv   *)
(* is true, and takes every step.  If Inv is inductive these are all the   *)
(* states there are: TLC then reports depth 1, and the count of states is  *)
(* the count of states that satisfy Inv.                                   *)
(***************************************************************************)
EXTENDS Voting

-----------------------------------------------------------------------------
(* OneBatchPerBallot, of Voting, is the first conjunct: votes of one ballot are
   for one value.  A vote keeps it by its guard OneValueIn; nothing else adds
   votes. *)

(* The second, and the heart: of every vote there is a quorum that shows it to
   be safe.  A vote keeps it, for its guards Promised and Safe find that quorum.
   Once found, it goes on to show it, whatever happens later: its members have
   promised b, a promise only rises, and they vote in no ballot below their
   promise, so the votes of the quorum below b are final. *)
ShowsSafe(Q, b, v) ==
    LET below == VotesBelow(Q, b)
    IN  /\ \A a \in Q : promised[a] >= b
        /\ below # {} => \E w \in VotesBelow(Acceptor, b) :
                             IsHighest(w, below) /\ w[2] = v

VotesSafe == \A a \in Acceptor : \A w \in votes[a] :
    \E Q \in Quorum1 : ShowsSafe(Q, w[1], w[2])

(* These two give that at most one value is chosen.  Let quorum R have voted for
   u in ballot c, and let somebody have voted for v in a ballot b above c; then
   v = u, by induction on b.  For there is a quorum Q that shows v safe in b.  A
   member of both Q and R voted in c, so Q has votes below b; and somebody has
   voted for v below b, in a ballot d that none of these votes is above, so
   c <= d < b.  If d = c, u = v because a ballot has one value; otherwise
   somebody voted for v in d, which is below b and above c, so v = u by
   induction. *)

(* LearnedFromOneBallot, of Voting, is the third: what was learned is chosen.
   Votes are never taken back, so it stays so.  Hence learners agree too. *)

(* And the fourth: only what was broadcast is voted for.  A vote keeps it: its
   value was broadcast, or voted for before.  Hence Integrity. *)
VotesBroadcast == \A a \in Acceptor : \A w \in votes[a] : w[2] \in broadcast

(* VotesBelowPromise is an invariant too, but nothing here needs it: what makes
   the votes below a promise final is the guard of the votes to come. *)
Inv == /\ TypeOK
       /\ OneBatchPerBallot
       /\ VotesSafe
       /\ LearnedFromOneBallot
       /\ VotesBroadcast

(* What it is for. *)
Goal == Agreement /\ Integrity

-----------------------------------------------------------------------------
(* A state where Inv is true.  TLC finds them in the order of these lines.  (The
   equations keep it from looking for every way in which a line is true.) *)
SomeVotes == [Acceptor -> SUBSET (Ballot \X Value)]

InvHolds ==
    /\ votes \in SomeVotes
    /\ OneBatchPerBallot = TRUE
    /\ promised \in [Acceptor -> {0} \cup Ballot]
    /\ VotesSafe = TRUE
    /\ broadcast \in SUBSET Value
    /\ VotesBroadcast = TRUE
    /\ learned \in [Learner -> {NoVote} \cup (Ballot \X Value)]
    /\ LearnedFromOneBallot = TRUE

(* From there, any step. *)
Induction == InvHolds /\ [][Next]_vars

(* With a conjunct left out, the states in which there would still be nothing
   wrong; in these models one step makes something wrong. *)
InductionWithout == InvHolds /\ Goal = TRUE /\ [][Next]_vars
===============================================================================
