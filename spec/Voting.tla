-------------------------------- MODULE Voting --------------------------------
(***************************************************************************)
(* The Synod without messages: ballots, promises and votes.  An action     *)
(* reads the state of the acceptors directly.  That is no cheating, because*)
(* it reads only what cannot change any more: an acceptor that promised    *)
(* ballot b will not vote below b, so its votes below b are final, and a   *)
(* message that reported them stays true.                                  *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS
    \* @type: Set(VALUE);
    Value,
    \* @type: VALUE;
    None,       \* no value
    \* @type: Set(ACCEPTOR);
    Acceptor,
    \* @type: Set(LEARNER);
    Learner,
    \* @type: Set(Set(ACCEPTOR));
    Quorum1,    \* sets of acceptors: of phase 1
    \* @type: Set(Set(ACCEPTOR));
    Quorum2,    \* the same of phase 2
    \* @type: Set(Int);
    Ballot      \* positive integers

(* Each quorum of phase 1 meets each of phase 2: so whoever has promises knows of
   what may have been chosen.  Two of phase 1 need not meet, nor two of phase 2
   (Howard, Malkhi and Spiegelman, Flexible Paxos, 2016).  Where nothing else is
   said both are the majorities. *)
QuorumsMeet == \A Q \in Quorum1, R \in Quorum2 : Q \cap R # {}

ASSUME /\ None \notin Value
       /\ \A Q \in Quorum1 \cup Quorum2 : Q \subseteq Acceptor
       /\ QuorumsMeet
       /\ Ballot \subseteq Nat \ {0}

(* A vote is the pair of a ballot and a value; ballot 0 says: no vote. *)
NoVote == <<0, None>>

VARIABLES
    \* @type: Set(VALUE);
    broadcast,  \* the values that clients have broadcast
    \* @type: ACCEPTOR -> Int;
    promised,   \* promised[a]: acceptor a votes in no ballot below it
    \* @type: ACCEPTOR -> Set(<<Int, VALUE>>);
    votes,      \* votes[a]: every vote of acceptor a
    \* @type: LEARNER -> <<Int, VALUE>>;
    learned     \* learned[l]: the vote that learner l knows chosen

vars == <<broadcast, promised, votes, learned>>

-----------------------------------------------------------------------------
(* Acceptors Q all voted for v in the one ballot b. *)
VotedTogether(Q, b, v) == \A a \in Q : <<b, v>> \in votes[a]

(* The values chosen: a quorum voted for it in one ballot. *)
Chosen == {v \in Value : \E b \in Ballot, Q \in Quorum2 :
              \A a \in Q : <<b, v>> \in votes[a]}

VotesBelow(Q, b) == {w \in UNION {votes[a] : a \in Q} : w[1] < b}

-----------------------------------------------------------------------------
(* A client broadcasts a value, once. *)
Broadcast(v) ==
    /\ v \notin broadcast
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<promised, votes, learned>>

(* Acceptor a promises to vote in no ballot below b.  A promise is never
   taken back, so it only rises: that is why votes below it are final. *)
Promise(a, b) ==
    /\ b > promised[a]
    /\ promised' = [promised EXCEPT ![a] = b]
    /\ UNCHANGED <<broadcast, votes, learned>>

(* Why a value may be voted for in ballot b.  Quorum Q will not vote below b
   any more.  If none of it has, no value was or will be chosen below b, for
   every quorum of phase 2 meets Q: any broadcast value will do.  Otherwise take
   the highest vote, of ballot c: by the same rule, whatever is chosen below
   c is that value; in c there is only that value; and between c and b
   nobody in Q voted, so nothing can be chosen there.  All of that is true of
   the vote of an acceptor outside Q as well, if nobody in Q has voted above
   it: so any such vote will do.  (It need not be final that its acceptor has
   no higher one.) *)
\* @type: (<<Int, VALUE>>, Set(<<Int, VALUE>>)) => Bool;
IsHighest(w, ws) == \A x \in ws : x[1] <= w[1]

Safe(v, b, Q) ==
    LET below == VotesBelow(Q, b)
    IN  IF below = {} THEN v \in broadcast
        ELSE \E w \in VotesBelow(Acceptor, b) :
                 IsHighest(w, below) /\ w[2] = v

Promised(Q, b) == \A c \in Q : promised[c] >= b

(* Ballot b has one value: what the first vote in b was for. *)
OneValueIn(b, v) ==
    \A c \in Acceptor : \A w \in votes[c] : w[1] = b => w[2] = v

MayVote(a, b) == b >= promised[a]

(* A vote is a promise too: without it, an acceptor that voted in b could still
   vote below b, after the owner of a ballot had relied on it not to. *)
VotePromises(a, b) == promised' = [promised EXCEPT ![a] = b]

(* Acceptor a votes for v in ballot b.  It must not have promised a higher
   ballot, v must be the ballot's one value, and a quorum must show that v is
   safe. *)
Vote(a, b, v, Q) ==
    /\ MayVote(a, b)
    /\ Promised(Q, b)
    /\ OneValueIn(b, v)
    /\ Safe(v, b, Q)
    /\ VotePromises(a, b)
    /\ votes' = [votes EXCEPT ![a] = @ \cup {<<b, v>>}]
    /\ UNCHANGED <<broadcast, learned>>

(* Learner l learns v, once a quorum voted for it in one ballot.  Votes for v
   in different ballots do not add up: between them another value may have
   been chosen. *)
Learn(l, b, v, Q) ==
    /\ learned[l] = NoVote
    /\ VotedTogether(Q, b, v)
    /\ learned' = [learned EXCEPT ![l] = <<b, v>>]
    /\ UNCHANGED <<broadcast, promised, votes>>

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ promised = [a \in Acceptor |-> 0]
        /\ votes    = [a \in Acceptor |-> {}]
        /\ learned  = [l \in Learner |-> NoVote]

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E a \in Acceptor, b \in Ballot : Promise(a, b)
        \/ \E a \in Acceptor, b \in Ballot, v \in Value, Q \in Quorum1 :
               Vote(a, b, v, Q)
        \/ \E l \in Learner, b \in Ballot, v \in Value, Q \in Quorum2 :
               Learn(l, b, v, Q)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
TypeOK == /\ broadcast \subseteq Value
          /\ promised \in [Acceptor -> {0} \cup Ballot]
          /\ votes \in [Acceptor -> SUBSET (Ballot \X Value)]
          /\ learned \in [Learner -> {NoVote} \cup (Ballot \X Value)]

(* At most one value is chosen, and no two learners learn different ones. *)
Agreement == /\ Cardinality(Chosen) <= 1
             /\ \A l, k \in Learner :
                    learned[l] # NoVote /\ learned[k] # NoVote =>
                        learned[l][2] = learned[k][2]

(* Only broadcast values are learned. *)
Integrity == \A l \in Learner : learned[l] # NoVote => learned[l][2] \in broadcast

(* Two votes in one ballot are for the same value. *)
OneBatchPerBallot == \A a, c \in Acceptor : \A v \in votes[a], w \in votes[c] :
    v[1] = w[1] => v = w

(* No acceptor has a vote above its promise. *)
VotesBelowPromise == \A a \in Acceptor : \A w \in votes[a] : w[1] <= promised[a]

(* What was learned was voted for by one quorum in one ballot. *)
LearnedFromOneBallot == \A l \in Learner :
    learned[l] # NoVote =>
        \E Q \in Quorum2 : \A a \in Q : learned[l] \in votes[a]

-----------------------------------------------------------------------------
(* The rung above sees which value was chosen and learned, not the ballots. *)
Learnt == [l \in Learner |-> IF learned[l] = NoVote THEN {} ELSE {learned[l][2]}]

C == INSTANCE Consensus WITH chosen <- Chosen, learned <- Learnt
Refinement == C!Spec
=============================================================================
