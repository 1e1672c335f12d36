-------------------------------- MODULE Synod --------------------------------
(***************************************************************************)
(* Single-decree Paxos (Lamport, Paxos Made Simple, section 2) at the      *)
(* level of messages: milestone 1.  Traces of the implementation that run  *)
(* one Synod are judged by this module.                                    *)
(*                                                                         *)
(* A message, once sent, stays in msgs for ever, and an action that needs  *)
(* one only looks whether it is there.  So a message may be received late, *)
(* twice, out of order or never, at no cost in actions or states.  For the *)
(* same reason a proposer and a client have no variables of their own:     *)
(* what they may do next follows from the messages that were sent.         *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS Value, None,       \* None: no value
          Acceptor, Learner,
          Quorum1, Quorum2,  \* sets of acceptors: of phase 1, and of phase 2
          Proposers,         \* how many proposers: they are 1..Proposers
          Rounds,            \* how many rounds: they are 1..Rounds
          DirectLearning     \* learners learn from votes, without a Decide

(* Quorums of one phase need not meet: see Voting. *)
QuorumsMeet == \A Q \in Quorum1, R \in Quorum2 : Q \cap R # {}

ASSUME /\ None \notin Value
       /\ \A Q \in Quorum1 \cup Quorum2 : Q \subseteq Acceptor
       /\ QuorumsMeet
       /\ DirectLearning \in BOOLEAN

(* The ballot (round r, proposer p) is the number (r - 1) * Proposers + p,
   whose order is the order of the pairs.  So no two proposers share one. *)
Proposer == 1..Proposers
Ballot   == 1..(Rounds * Proposers)
Owner(b) == ((b - 1) % Proposers) + 1

(* A vote is the pair of a ballot and a value; ballot 0 says: no vote. *)
NoVote == <<0, None>>
Vote   == {NoVote} \cup (Ballot \X Value)

VARIABLES broadcast,  \* the values that clients have broadcast
          msgs,       \* every message ever sent
          promised,   \* promised[a]: the ballot that acceptor a promised
          vote,       \* vote[a]: acceptor a's last vote
          learned,    \* learned[l]: the vote that learner l knows chosen
          votes       \* history: votes[a], every vote of acceptor a

acceptorVars == <<promised, vote>>
vars == <<broadcast, msgs, acceptorVars, learned, votes>>

Message ==
         [type : {"1a"}, bal : Ballot]
    \cup [type : {"1b"}, acc : Acceptor, bal : Ballot, vote : Vote]
    \cup [type : {"2a"}, bal : Ballot, val : Value]
    \cup [type : {"2b"}, acc : Acceptor, bal : Ballot]
    \cup [type : {"Decide"}, bal : Ballot]

Send(m) == msgs' = msgs \cup {m}

-----------------------------------------------------------------------------
(* What the messages say. *)

Accepts(b) == {m \in msgs : m.type = "2a" /\ m.bal = b}

Promises(a, b) == {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal = b}

HasVoted(a, b) == [type |-> "2b", acc |-> a, bal |-> b] \in msgs

VotedTogether(Q, b) == \A a \in Q : HasVoted(a, b)

(* The value of the one 2a of ballot b. *)
ValueOf(b) == (CHOOSE m \in Accepts(b) : TRUE).val

(* The votes that the promises of Q for ballot b report. *)
Reported(Q, b) ==
    {m.vote : m \in UNION {Promises(a, b) : a \in Q}} \ {NoVote}

(* Those that the owner of ballot b has heard of: all that any acceptor reported
   to it, in this ballot or in one of its own before. *)
Heard(b) ==
    {m.vote : m \in {n \in msgs : /\ n.type = "1b" /\ n.bal <= b
                                 /\ Owner(n.bal) = Owner(b)}} \ {NoVote}

-----------------------------------------------------------------------------
(* A client broadcasts a value: it submits it to the proposers, and submits
   it again until it sees it learned or sees that another value won.  A value
   is broadcast once; that it is submitted often is invisible here. *)
Broadcast(v) ==
    /\ fresh:: v \notin broadcast
    /\ broadcast' = broadcast \cup {v}
    /\ UNCHANGED <<msgs, acceptorVars, learned, votes>>

(* The owner of ballot b asks the acceptors for promises, once a client wants
   something.  Nothing else guards it: safety does not need to know who leads,
   and asking twice is sending a message that was sent already. *)
Phase1a(b) ==
    /\ wanted:: broadcast # {}
    /\ Send([type |-> "1a", bal |-> b])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, votes>>

(* A promise only rises.  It may be repeated: its message may have been lost,
   and until a votes in b the repetition is the same message. *)
MayPromise(a, b) == b >= promised[a]

(* Acceptor a promises to vote in no ballot below b, and reports its last
   vote.  Its promise is what makes that report final: whoever counts it
   knows every vote of a below b. *)
Phase1b(a, b) ==
    /\ asked:: [type |-> "1a", bal |-> b] \in msgs
    /\ promise:: MayPromise(a, b)
    /\ promised' = [promised EXCEPT ![a] = b]
    /\ Send([type |-> "1b", acc |-> a, bal |-> b, vote |-> vote[a]])
    /\ UNCHANGED <<broadcast, vote, learned, votes>>

(* With no vote reported, the leader is free: any broadcast value. *)
MayPropose(v) == broadcast:: v \in broadcast

(* Otherwise it must take the value of the highest vote: a value that may
   have been chosen below b was voted for by some acceptor of every quorum of
   phase 1, and no later ballot below b can have proposed anything else.

   The highest of those that the quorum reports, or one that it has heard of and
   that none of these is above: from an acceptor that is not in the quorum, or in
   an earlier ballot of its own.  That is as safe.  Let it be of ballot c.  Nobody
   in the quorum voted above c and below b, or ever will, so nothing is chosen
   there; in c there is only this value; and whatever is chosen below c is this
   value, or it had not been proposed in c. *)
IsHighest(w, reported) == \A x \in reported : x[1] <= w[1]

Highest(b, reported) == {w \in Heard(b) : IsHighest(w, reported)}

Proposable(v, b, Q) ==
    LET reported == Reported(Q, b)
    IN  IF reported = {} THEN MayPropose(v)
        ELSE v \in {w[2] : w \in Highest(b, reported)}

(* A ballot is used for one proposal, also by a proposer that restarts. *)
Unused(b) == Accepts(b) = {}

(* The owner of ballot b proposes a value after a quorum promised b.  It does
   so once: hence a vote needs to name the ballot only, not the value. *)
Phase2a(b, v, Q) ==
    /\ once:: Unused(b)
    /\ promises:: \A a \in Q : Promises(a, b) # {}
    /\ highest:: Proposable(v, b, Q)
    /\ Send([type |-> "2a", bal |-> b, val |-> v])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, votes>>

MayVote(a, b) == b >= promised[a]

(* A vote is a promise too: having voted in b, an acceptor may not vote below
   b. *)
VotePromises(a, b) == promised' = [promised EXCEPT ![a] = b]

(* Acceptor a votes for the value proposed in ballot b, unless it promised a
   higher ballot.  It need not have promised b itself: the leader has its
   quorum of promises, and any quorum of phase 2 may vote. *)
Phase2b(a, b) ==
    /\ proposed:: Accepts(b) # {}
    /\ promise:: MayVote(a, b)
    /\ VotePromises(a, b)
    /\ vote' = [vote EXCEPT ![a] = <<b, ValueOf(b)>>]
    /\ Send([type |-> "2b", acc |-> a, bal |-> b])
    /\ votes' = [votes EXCEPT ![a] = @ \cup {<<b, ValueOf(b)>>}]
    /\ UNCHANGED <<broadcast, learned>>

(* A proposer that knows of a quorum of votes in one ballot tells the
   learners.  Any proposer may, and all votes are of one ballot: votes of
   different ballots for one value do not make it chosen. *)
Decide(b, Q) ==
    /\ indirect:: ~DirectLearning
    /\ voted:: VotedTogether(Q, b)
    /\ Send([type |-> "Decide", bal |-> b])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, votes>>

(* The clause of DirectLearning: a learner counts the votes itself, or it is
   told. *)
MayLearn(b, Q) ==
    IF DirectLearning
    THEN VotedTogether(Q, b)
    ELSE [type |-> "Decide", bal |-> b] \in msgs

(* Learner l learns what was chosen, once: votes in a later ballot, or a later
   Decide, are for the same value, and say nothing new. *)
Learn(l, b, Q) ==
    /\ once:: learned[l] = NoVote
    /\ decided:: MayLearn(b, Q)
    /\ learned' = [learned EXCEPT ![l] = <<b, ValueOf(b)>>]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, votes>>

(* Acceptor a crashes and comes back with its stable storage.  It made its
   promise and its vote durable before it sent them, so nothing changes: the
   step is here to be said, and to be broken (see models/). *)
Recover(a) == UNCHANGED vars

-----------------------------------------------------------------------------
Init == /\ broadcast = {}
        /\ msgs = {}
        /\ promised = [a \in Acceptor |-> 0]
        /\ vote     = [a \in Acceptor |-> NoVote]
        /\ learned  = [l \in Learner |-> NoVote]
        /\ votes    = [a \in Acceptor |-> {}]

Next == \/ \E v \in Value : Broadcast(v)
        \/ \E b \in Ballot : Phase1a(b)
        \/ \E a \in Acceptor, b \in Ballot : Phase1b(a, b)
        \/ \E b \in Ballot, v \in Value, Q \in Quorum1 : Phase2a(b, v, Q)
        \/ \E a \in Acceptor, b \in Ballot : Phase2b(a, b)
        \/ \E b \in Ballot, Q \in Quorum2 : Decide(b, Q)
        \/ \E l \in Learner, b \in Ballot, Q \in Quorum2 : Learn(l, b, Q)
        \/ \E a \in Acceptor : Recover(a)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* A quorum of phase 2 is among these acceptors. *)
HasQuorum(S) == \E Q \in Quorum2 : Q \subseteq S

(* The values chosen: a quorum voted for it in one ballot. *)
Chosen == {ValueOf(b) : b \in {c \in Ballot :
              HasQuorum({a \in Acceptor : HasVoted(a, c)})}}

TypeOK == /\ broadcast \subseteq Value
          /\ msgs \subseteq Message
          /\ promised \in [Acceptor -> {0} \cup Ballot]
          /\ vote \in [Acceptor -> Vote]
          /\ learned \in [Learner -> Vote]
          /\ votes \in [Acceptor -> SUBSET (Ballot \X Value)]

(* At most one value is chosen, and no two learners learn different ones. *)
Agreement == /\ Cardinality(Chosen) <= 1
             /\ \A l, k \in Learner :
                    learned[l] # NoVote /\ learned[k] # NoVote =>
                        learned[l][2] = learned[k][2]

(* Only broadcast values are learned. *)
Integrity == \A l \in Learner : learned[l] # NoVote => learned[l][2] \in broadcast

(* Two proposals of one ballot are the same proposal. *)
OneBatchPerBallot == \A m, n \in msgs :
    m.type = "2a" /\ n.type = "2a" /\ m.bal = n.bal => m = n

(* No acceptor has a vote above its promise. *)
VotesBelowPromise == \A a \in Acceptor : vote[a][1] <= promised[a]

(* What was learned was voted for by one quorum in one ballot. *)
LearnedFromOneBallot == \A l \in Learner :
    learned[l] # NoVote =>
        HasQuorum({a \in Acceptor : HasVoted(a, learned[l][1])})

-----------------------------------------------------------------------------
(* The rung above: the same without messages.  Its variables are all here. *)
V == INSTANCE Voting
Refinement == V!Spec
=============================================================================
