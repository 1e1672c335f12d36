----------------------------- MODULE MCEarlySynod -----------------------------
(***************************************************************************)
(* Why Reduced, of MCSynod, loses nothing: as MCEarly, which see, for      *)
(* MCMultiPaxos.                                                           *)
(***************************************************************************)
EXTENDS MCSynod

(* Values are broadcast, and 1a messages sent, before all else; acceptors have
   promised ballot 1; and a 1a is answered once: an answer with a vote in the
   ballot itself was never sent. *)
AtOnce == 1

Requests == {[type |-> "1a", bal |-> b] : b \in Ballot}

FirstAnswers ==
    {[type |-> "1b", acc |-> a, bal |-> AtOnce, vote |-> NoVote] : a \in Acceptor}

IsNeeded(m) == m.type = "1b" => m.bal # AtOnce /\ m.vote[1] < m.bal

EarlyMessages == {m \in msgs : IsNeeded(m)} \cup Requests \cup FirstAnswers

EarlyPromised == [a \in Acceptor |->
    IF promised[a] < AtOnce THEN AtOnce ELSE promised[a]]

Early == INSTANCE Synod WITH broadcast <- Value, msgs <- EarlyMessages,
                             promised <- EarlyPromised

AskedEarly == [][Early!Next]_(Early!vars)

-----------------------------------------------------------------------------
(* What was chosen is decided at once. *)
Told(m) == INSTANCE Synod WITH msgs <- msgs \cup {m}

ToldAtOnce == {[type |-> "Decide", bal |-> b] : b \in DueDecisions}

DecidedEarly == [][\A m \in ToldAtOnce : [Told(m)!Next]_(Told(m)!vars)]_vars

(* What may be learned may be learned later, with the same effect. *)
LearnedLate ==
    [][\A b \in Ballot, Q \in Quorum2 :
           MayLearn(b, Q) => MayLearn(b, Q)' /\ ValueOf(b)' = ValueOf(b)]_vars

(* To vote again in the same ballot changes nothing. *)
VotedOnce == [][\A a \in Acceptor, b \in Ballot : ~(HasVoted(a, b) /\ Phase2b(a, b))]_vars
-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* AtOnce: the second ballot is promised at once, and nobody votes in the first. *)
SecondAtOnce == 2

(* ToldAtOnce: whatever may be proposed. *)
Proposals ==
    {[type |-> "2a", bal |-> x[1], val |-> x[2]] :
        x \in {y \in Ballot \X Value : \E Q \in Quorum1 :
                  /\ \A a \in Q : Promises(a, y[1]) # {}
                  /\ Proposable(y[2], y[1], Q)}}

(* MayLearn: a Decide that was received is not there any more. *)
MayLearnOnce(b, Q) ==
    /\ [type |-> "Decide", bal |-> b] \in msgs
    /\ \A l \in Learner : learned[l] = NoVote
===============================================================================
