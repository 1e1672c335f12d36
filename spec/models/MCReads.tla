------------------------------- MODULE MCReads -------------------------------
(***************************************************************************)
(* Models of Reads: reductions, and mutants.  What MCMultiPaxos leaves out *)
(* of the protocol is left out here too.                                   *)
(***************************************************************************)
EXTENDS Reads, MCMultiPaxos

(* The protocol with learners that learn at any time: a read may begin while
   some acceptors have not voted yet. *)
Early == ReducedNext \/ LearnEarly

(* With acceptors that trim, crash between the disk and the network, and come
   back. *)
EarlyWithAll == \/ Early \/ Trims \/ Crash
                \/ \E a \in Acceptor : Recover(a)

(* Only one learner reads: reads of several have nothing to do with one another.
   Its reads begin in turn.  An acceptor answers once, since a second answer says
   more than the first; a read ends once, since it sees more later. *)
ReadNow == \/ \E l \in Learner, n \in 1..Reads :
                  /\ \A m \in said : m.lrn = l
                  /\ n = 1 \/ Query(l, n - 1) \in said
                  /\ AskRead(l, n)
           \/ \E a \in Acceptor, l \in Learner, n \in 1..Reads :
                  AnswersTo(a, l, n) = {} /\ AnswerRead(a, l, n)
           \/ \E l \in Learner, n \in 1..Reads, Q \in SUBSET Acceptor :
                  /\ \A r \in done : r.lrn # l \/ r.read # n
                  /\ Read(l, n, Q)

ReducedReads == /\ Init /\ ReadInit
                /\ [][Protocol(Early) \/ ReadNow]_<<vars, readVars>>

ReducedReadsWithAll == /\ Init /\ ReadInit
                       /\ [][Protocol(EarlyWithAll) \/ ReadNow]_<<vars, readVars>>

(* Every learner reads, its reads begin in any order, and acceptors answer again. *)
AllRead == \/ \E l \in Learner, n \in 1..Reads : AskRead(l, n)
           \/ \E a \in Acceptor, l \in Learner, n \in 1..Reads : AnswerRead(a, l, n)
           \/ \E l \in Learner, n \in 1..Reads, Q \in SUBSET Acceptor :
                  /\ \A r \in done : r.lrn # l \/ r.read # n
                  /\ Read(l, n, Q)

ReducedReadsOfAll == /\ Init /\ ReadInit
                     /\ [][Protocol(Early) \/ AllRead]_<<vars, readVars>>

(* With acceptors that trim, and learners that keep checkpoints and go back to
   them.  Another's checkpoint is as good as one's own. *)
Keeping == \/ Early \/ Trims
           \/ \E l \in Learner : \/ taken[l] = Beginning /\ TakeSnapshot(l)
                                \/ Checkpoint(l) \/ Restart(l)

ReducedReadsKeeping == /\ Init /\ ReadInit
                       /\ [][Protocol(Keeping) \/ ReadNow]_<<vars, readVars>>

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* IsEnough: a quorum of phase 2, which need not meet the one that voted. *)
Phase2IsEnough(Q) == Q \in Quorum2

(* IsEnough: one acceptor is. *)
OneIsEnough(Q) == Cardinality(Q) = 1

(* AnswersTo: also those to an earlier read, so of before this one began. *)
AnswersOfBefore(a, l, n) ==
    {m \in said : /\ m.type = "Reached" /\ m.acc = a
                  /\ m.lrn = l /\ m.read <= n}

(* VotedIn: the instances that it remembers votes of, as if it had trimmed none. *)
VotesRemembered(a) == {i \in Instance : vote[a][i] # NoVote}

(* IsThere: what the answers say is learned, and what is below may be missing. *)
LearnedThat(l, n, Q) ==
    \A a \in Q : \E m \in AnswersTo(a, l, n) :
        IF m.inst = 0 THEN TRUE ELSE learned[l][m.inst] # NoVote

(* Sees: also what is learned and not delivered. *)
LearnedToo(l) ==
    delivered[l] \o learned[l][Instances][2]

(* KeepsState: an acceptor forgets its votes as it answers. *)
ForgetsVotes(a) ==
    /\ vote' = [vote EXCEPT ![a] = [i \in Instance |-> NoVote]]
    /\ UNCHANGED <<broadcast, msgs, promised, trimmed, learnerVars, historyVars>>

(* VotedIn: the instance that it would vote in next, too. *)
NextToVote(a) ==
    LET voted == {i \in Instance : vote[a][i] # NoVote}
    IN  voted \cup {i + 1 : i \in voted}

(* AskRead: what had been delivered when the read began is not recorded. *)
AskUnrecorded(l, n) ==
    /\ IsNewRead(l, n)
    /\ Say(Query(l, n))
    /\ UNCHANGED <<vars, seen, begun, done>>

(* IsThere: the learner has delivered as far as one of them says. *)
OneIsThere(l, n, Q) ==
    \E a \in Q : \E m \in AnswersTo(a, l, n) : m.inst <= prefix[l]
==============================================================================
