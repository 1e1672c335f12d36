------------------------------- MODULE MCSynod -------------------------------
(***************************************************************************)
(* Models of Synod: constants, reductions, and mutants.  Each .cfg of this *)
(* folder that names them says which.                                      *)
(*                                                                         *)
(* The sets of a model are written out in its .cfg.  Its quorums are the   *)
(* least majorities: what a larger quorum allows, a least majority within  *)
(* it allows too (one that holds its highest vote).                        *)
(***************************************************************************)
EXTENDS Synod, TLC

(* Values, acceptors and learners are interchangeable; ballots are not. *)
Symmetry == Permutations(Value) \cup Permutations(Acceptor)
                \cup Permutations(Learner)

-----------------------------------------------------------------------------
(* Reduced is Spec without behaviours that differ from one that it has only
   in what is done early or late.  No guard of the spec needs a value, a 1a, a
   1b or a Decide to be absent, so one that is there early only allows more;
   and what a learner may do stays possible, with the same effect.  Hence, in
   this order:
   - values are broadcast, and every 1a is sent, before the rest;
   - acceptors promise ballot 1 at once: that gives up nothing, for there is
     no lower ballot, and they have no vote yet;
   - a 1a is answered once: an acceptor's votes below its promise are the same
     in every answer, and a vote in the ballot itself is of no use to a leader
     that has made its proposal.  (In a later ballot of its own it may take it:
     Heard.  So this loses something where Rounds is above 1, and nothing where
     a proposer has one ballot);
   - what was chosen is decided at once;
   - learners learn after the highest ballot has run its full course, which
     it always can.
   The models with SPECIFICATION Spec are without any of this. *)

DueRequests == {b \in Ballot : [type |-> "1a", bal |-> b] \notin msgs}
DueAnswers  == {a \in Acceptor : Promises(a, 1) = {}}

DueDecisions == IF DirectLearning THEN {}
    ELSE {b \in Ballot : /\ [type |-> "Decide", bal |-> b] \notin msgs
                         /\ \E Q \in Quorum2 : VotedTogether(Q, b)}

Finished == \A a \in Acceptor : HasVoted(a, Rounds * Proposers)

LearnEarly == \E l \in Learner, b \in Ballot, Q \in Quorum2 : Learn(l, b, Q)

ReducedNext ==
    IF broadcast # Value THEN \E v \in Value : Broadcast(v)
    ELSE IF DueRequests # {} THEN \E b \in DueRequests : Phase1a(b)
    ELSE IF DueAnswers # {} THEN \E a \in DueAnswers : Phase1b(a, 1)
    ELSE IF DueDecisions # {}
    THEN \E b \in DueDecisions, Q \in Quorum2 : Decide(b, Q)
    ELSE \/ \E a \in Acceptor, b \in Ballot :
                {m \in Promises(a, b) : m.bal = b} = {} /\ Phase1b(a, b)
         \/ \E b \in Ballot, v \in Value, Q \in Quorum1 : Phase2a(b, v, Q)
         \/ \E a \in Acceptor, b \in Ballot : ~HasVoted(a, b) /\ Phase2b(a, b)
         \/ Finished /\ LearnEarly

Reduced == Init /\ [][ReducedNext]_vars

(* The same with acceptors that restart: for mutants of Recover. *)
ReducedWithRecovery ==
    Init /\ [][ReducedNext \/ \E a \in Acceptor : Recover(a)]_vars

(* With acceptors that answer again, and say what they voted in the ballot itself:
   a later ballot of the same proposer may take it.  There is no later one than the
   last; and a vote in the first is below any other. *)
Repeats == \E a \in Acceptor, b \in Ballot \ {1, Rounds * Proposers} : Phase1b(a, b)

ReducedWithRepeats == Init /\ [][ReducedNext \/ Repeats]_vars

(* And with learners that learn at any time: for mutants of learning. *)
ReducedLearnEarly == Init /\ [][ReducedNext \/ LearnEarly]_vars

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* QuorumsMeet: quorums of the two phases that do not meet may be chosen. *)
AnyQuorums == TRUE

(* VotedTogether: the votes of a quorum of phase 1 are counted. *)
VotedByPhase1(Q, b) == \E R \in Quorum1 : \A a \in R : HasVoted(a, b)

(* MayPropose of Proposable: whatever was reported, the leader's own value. *)
OwnValue(v, b, Q) == MayPropose(v)

(* MayPropose: also a value that nobody broadcast. *)
Invented(v) == TRUE

(* IsHighest: the value of the lowest vote, or of any. *)
IsLowest(w, reported) == \A x \in reported : w[1] <= x[1]
IsAny(w, reported)    == TRUE

(* Highest: the vote heard in an earlier ballot, whatever this one reports. *)
HeardBefore(b, reported) ==
    {m.vote : m \in {n \in msgs : n.type = "1b" /\ n.bal < b}} \ {NoVote}

(* Promises: a promise of an older ballot is counted too. *)
StalePromises(a, b) ==
    {m \in msgs : m.type = "1b" /\ m.acc = a /\ m.bal <= b}

(* VotedTogether: votes for the value of ballot b, in any ballots. *)
VotedApart(Q, b) ==
    /\ Accepts(b) # {}
    /\ \A a \in Q : \E c \in Ballot : HasVoted(a, c) /\ ValueOf(c) = ValueOf(b)

(* VotedTogether: the vote of one of them. *)
OneVoted(Q, b) == \E a \in Q : HasVoted(a, b)

(* MayVote, MayPromise: also below the promise. *)
VoteAnyway(a, b)    == TRUE
PromiseAnyway(a, b) == TRUE

(* VotePromises: a vote leaves the promise as it is, or passes it by one. *)
VoteKeepsPromise(a, b) == promised' = promised
VotePromisesNext(a, b) == promised' = [promised EXCEPT ![a] = b + 1]

(* Recover: the promise was not stored; the vote was, and stands for it. *)
PromiseLost(a) ==
    /\ promised' = [promised EXCEPT ![a] = vote[a][1]]
    /\ UNCHANGED <<broadcast, msgs, vote, learned, votes>>

(* Recover: the vote was not stored. *)
VoteLost(a) ==
    /\ vote' = [vote EXCEPT ![a] = NoVote]
    /\ UNCHANGED <<broadcast, msgs, promised, learned, votes>>

(* Unused: a ballot may be used again. *)
UsedAgain(b) == TRUE
==============================================================================
