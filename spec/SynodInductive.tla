---------------------------- MODULE SynodInductive ----------------------------
(***************************************************************************)
(* Why Synod agrees: VotingInductive with messages.  Read that first.      *)
(*                                                                         *)
(* What is new is that nobody sees the state of an acceptor.  A leader     *)
(* knows what 1b messages say, and these were true when they were sent.    *)
(* The proof needs that they still are: PromisesTrue.  And an acceptor     *)
(* stores its last vote only, in place of all: LastVote and                *)
(* VotesBelowPromise say why the last one is enough.                       *)
(***************************************************************************)
EXTENDS Synod

-----------------------------------------------------------------------------
(* The votes of Q below ballot b: those whose 2b was sent. *)
VotesBelow(Q, b) ==
    {<<c, ValueOf(c)>> :
        c \in {d \in Ballot : d < b /\ \E a \in Q : HasVoted(a, d)}}

(* Every proposal is safe, by a quorum.  Phase2a keeps it: what its quorum
   reports is, by PromisesTrue, the highest vote of each member below b, so what
   is not below it, heard of from whomever, is not below any of them; and they
   have promised b.  From then on the votes
   of the quorum below b are final. *)
ShowsSafe(Q, b, v) ==
    LET below == VotesBelow(Q, b)
    IN  /\ \A a \in Q : promised[a] >= b
        /\ below # {} => \E w \in VotesBelow(Acceptor, b) :
                             IsHighest(w, below) /\ w[2] = v

ProposalsSafe == \A m \in msgs : m.type = "2a" =>
    \E Q \in Quorum1 : ShowsSafe(Q, m.bal, m.val)

(* Only what was broadcast is proposed. *)
ProposalsBroadcast == \A m \in msgs : m.type = "2a" => m.val \in broadcast

(* Only what was proposed is voted for. *)
VotesProposed == \A m \in msgs : m.type = "2b" => Accepts(m.bal) # {}

(* What an acceptor has stored is its last vote, which is its highest.  Phase2b
   keeps it, for b is not below the promise, and by the next conjunct not below
   a vote. *)
LastVote == \A a \in Acceptor :
    /\ vote[a] # NoVote => /\ HasVoted(a, vote[a][1])
                           /\ vote[a][2] = ValueOf(vote[a][1])
    /\ \A b \in Ballot : HasVoted(a, b) => b <= vote[a][1]

(* VotesBelowPromise, of Synod, is the next: without it a later vote could be a
   lower one, and hide the highest. *)

(* A promise that was sent is true: the acceptor has promised that ballot, it
   did cast the vote that it reports, and has none between that and the ballot.
   Phase1b keeps it by LastVote; after that the acceptor votes in no ballot
   below its promise.  (It may repeat its promise after it voted in the ballot
   itself, and report that vote: then the ballot is used, and no leader counts
   this any more.) *)
PromisesTrue == \A m \in msgs : m.type = "1b" =>
    /\ m.bal <= promised[m.acc]
    /\ m.vote[1] <= m.bal
    /\ m.vote # NoVote => /\ HasVoted(m.acc, m.vote[1])
                          /\ m.vote[2] = ValueOf(m.vote[1])
    /\ \A c \in Ballot : m.vote[1] < c /\ c < m.bal => ~HasVoted(m.acc, c)

(* Only what was chosen is decided, and only what was decided is learned; or,
   with DirectLearning, what was chosen. *)
DecisionsChosen == \A m \in msgs : m.type = "Decide" =>
    \E Q \in Quorum2 : VotedTogether(Q, m.bal)

LearnedDecided == \A l \in Learner : learned[l] # NoVote =>
    /\ \E Q \in Quorum2 : MayLearn(learned[l][1], Q)
    /\ learned[l][2] = ValueOf(learned[l][1])

(* OneBatchPerBallot, of Synod, is no conjunct.  It is inductive by itself, for a
   2a is sent in an unused ballot only; and nothing here relies on it.  If a
   ballot had two proposals, each would be safe, its votes would be for the one
   that ValueOf picks, and no 2a would come that makes it pick another. *)
Inv == /\ TypeOK
       /\ ProposalsSafe
       /\ ProposalsBroadcast
       /\ VotesProposed
       /\ LastVote
       /\ VotesBelowPromise
       /\ PromisesTrue
       /\ DecisionsChosen
       /\ LearnedDecided

(* What it is for. *)
Goal == Agreement /\ Integrity

-----------------------------------------------------------------------------
(* A state where Inv is true.  votes is history, which nothing reads: it is what
   the 2b messages say.  Every 1a was sent: no conjunct mentions one, and with it
   more steps are possible. *)
SomeMessages == SUBSET (Message \ [type : {"1a"}, bal : Ballot])
SomeVotes    == [Acceptor -> Vote]

MessagesAre == \E some \in SomeMessages :
                   msgs = some \cup [type : {"1a"}, bal : Ballot]

InvHolds ==
    /\ MessagesAre
    /\ VotesProposed = TRUE
    /\ DecisionsChosen = TRUE
    /\ vote \in SomeVotes
    /\ LastVote = TRUE
    /\ promised \in [Acceptor -> {0} \cup Ballot]
    /\ VotesBelowPromise = TRUE
    /\ PromisesTrue = TRUE
    /\ ProposalsSafe = TRUE
    /\ broadcast \in SUBSET Value
    /\ ProposalsBroadcast = TRUE
    /\ learned \in [Learner -> Vote]
    /\ LearnedDecided = TRUE
    /\ votes = [a \in Acceptor |-> {<<b, ValueOf(b)>> :
                   b \in {c \in Ballot : HasVoted(a, c)}}]

(* From there, any step. *)
Induction == InvHolds /\ [][Next]_vars

(* With a conjunct left out, the states in which there would still be nothing
   wrong; in these models one step makes something wrong. *)
InductionWithout == InvHolds /\ Goal = TRUE /\ [][Next]_vars
===============================================================================
