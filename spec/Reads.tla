-------------------------------- MODULE Reads --------------------------------
(***************************************************************************)
(* Linearizable reads that put nothing into the log: quorum reads          *)
(* (Charapko, Ailijiang and Demirbas, Linearizable Quorum Reads in Paxos,  *)
(* HotStorage 2019).  A learner asks the acceptors for the highest         *)
(* instance in which each has voted.  When it has delivered as far as a    *)
(* quorum of the answers say, it reads what it has.                        *)
(*                                                                         *)
(* Why that is enough.  Whatever anybody had delivered when the read began *)
(* was chosen by then, up to some instance i: a quorum of phase 2 had voted*)
(* in i.  The quorum that answers must share an acceptor with that one, so *)
(* it is one of phase 1.  That acceptor answers after the read began, so it*)
(* says i or more: votes are durable, and what                             *)
(* an acceptor has trimmed it counts as voted.  So the learner has         *)
(* delivered up to i at least.  There is one order, of which it has a      *)
(* prefix; so it has all that anybody had, and what an earlier read        *)
(* returned, for that was delivered too.  No clock is asked, and no leader.*)
(*                                                                         *)
(* It may take any quorum of those that have answered, so the one whose    *)
(* highest instance is the lowest.  That one may be of an instance that    *)
(* is never chosen, if a leader has died; the leader that there is         *)
(* finishes it, since the learner asks for it like for any other.          *)
(*                                                                         *)
(* These messages are apart from msgs: no other action reads them, and     *)
(* they change nothing of MultiPaxos (Untouched).                          *)
(***************************************************************************)
EXTENDS MultiPaxos

CONSTANT Reads  \* so many reads each learner begins: they are 1..Reads

VARIABLES said,   \* every message of reads ever sent
          seen,   \* history: the longest sequence that was ever delivered
          begun,  \* history: what had been seen when each read began
          done    \* what each read saw

readVars == <<said, seen, begun, done>>

ReadMessage ==
         [type : {"Query"}, lrn : Learner, read : 1..Reads]
    \cup [type : {"Reached"}, acc : Acceptor, lrn : Learner, read : 1..Reads,
          inst : 0..Instances]

Query(l, n) == [type |-> "Query", lrn |-> l, read |-> n]

Say(m) == said' = said \cup {m}

-----------------------------------------------------------------------------
(* Learner l begins its read n: it asks all acceptors.  A number is used once,
   also by the next life of a learner that keeps checkpoints, or an answer of
   before the read would count. *)
IsNewRead(l, n) == Query(l, n) \notin said

AskRead(l, n) ==
    /\ new:: IsNewRead(l, n)
    /\ Say(Query(l, n))
    /\ begun' = begun \cup {[lrn |-> l, read |-> n, values |-> seen]}
    /\ UNCHANGED <<vars, seen, done>>

(* The instances that acceptor a has voted in, or has forgotten.  What it has
   trimmed is chosen, whether or not it voted there.  (To say where it has promised
   would be as safe, as a quorum has promised before anybody votes; but with
   PrepareAhead nothing may ever be proposed there, and no read would end.) *)
VotedIn(a) == {i \in Instance : vote[a][i] # NoVote \/ i <= trimmed[a]}

Maximum(S) == CHOOSE i \in S : \A j \in S : j <= i

HighestVoted(a) == Maximum({0} \cup VotedIn(a))

KeepsState(a) == UNCHANGED vars

(* Acceptor a answers from its stable storage, so also after a crash.  It may
   answer twice, and later say more. *)
AnswerRead(a, l, n) ==
    /\ asked:: Query(l, n) \in said
    /\ Say([type |-> "Reached", acc |-> a, lrn |-> l, read |-> n,
            inst |-> HighestVoted(a)])
    /\ KeepsState(a)
    /\ UNCHANGED <<seen, begun, done>>

(* The answers of acceptor a to read n of learner l. *)
AnswersTo(a, l, n) ==
    {m \in said : /\ m.type = "Reached" /\ m.acc = a
                  /\ m.lrn = l /\ m.read = n}

IsEnough(Q) == Q \in Quorum1

(* Learner l has delivered as far as some answer of each acceptor in Q says. *)
IsThere(l, n, Q) ==
    \A a \in Q : \E m \in AnswersTo(a, l, n) : m.inst <= prefix[l]

Sees(l) == delivered[l]

(* The read sees what the learner has delivered by then, or later: that is as
   good. *)
Read(l, n, Q) ==
    /\ quorum:: IsEnough(Q)
    /\ answered:: \A a \in Q : AnswersTo(a, l, n) # {}
    /\ there:: IsThere(l, n, Q)
    /\ done' = done \cup {[lrn |-> l, read |-> n, values |-> Sees(l)]}
    /\ UNCHANGED <<vars, said, seen, begun>>

-----------------------------------------------------------------------------
Longest(S) == CHOOSE s \in S : \A t \in S : Len(t) <= Len(s)

ReadInit == /\ said  = {}
            /\ seen  = << >>
            /\ begun = {}
            /\ done  = {}

ReadNext == \/ \E l \in Learner, n \in 1..Reads : AskRead(l, n)
            \/ \E a \in Acceptor, l \in Learner, n \in 1..Reads :
                   AnswerRead(a, l, n)
            \/ \E l \in Learner, n \in 1..Reads, Q \in SUBSET Acceptor :
                   Read(l, n, Q)

(* A step of the protocol.  What is delivered by it has been seen, also where a
   learner loses it afterwards. *)
Protocol(step) ==
    /\ step
    /\ seen' = Longest({seen} \cup {delivered'[l] : l \in Learner})
    /\ UNCHANGED <<said, begun, done>>

ReadSpec == /\ Init /\ ReadInit
            /\ [][Protocol(Next) \/ ReadNext]_<<vars, readVars>>

-----------------------------------------------------------------------------
ReadTypeOK == /\ said \subseteq ReadMessage
              /\ seen \in Seq(Value)
              /\ \A r \in begun \cup done : /\ r.lrn \in Learner
                                            /\ r.read \in 1..Reads
                                            /\ r.values \in Seq(Value)

(* A read sees what was delivered anywhere when it began.  With Prefixes, that is
   linearizability: a value takes effect when it is chosen with all before it,
   and a read, which sees a prefix of the order, at the end of that. *)
Linearizable == \A r \in done, b \in begun :
    b.lrn = r.lrn /\ b.read = r.read => IsPrefix(b.values, r.values)

(* What reads see are prefixes of the one order. *)
Prefixes == \A r \in done : IsPrefix(r.values, order)

(* What these two stand on: every read has recorded what had been delivered when it
   was asked for, and nothing that is recorded is lost. *)
Recorded ==
    [][/\ begun \subseteq begun' /\ done \subseteq done'
       /\ \A l \in Learner : IsPrefix(delivered[l], seen) /\ IsPrefix(delivered'[l], seen')
       /\ \A l \in Learner, n \in 1..Reads : Query(l, n) \in said' \ said =>
              [lrn |-> l, read |-> n, values |-> seen] \in begun']_<<vars, readVars>>

(* What the answers stand on: an acceptor never says less than it voted. *)
VotesAreTold == \A a \in Acceptor, i \in Instance :
    votes[a][i] # {} => i <= HighestVoted(a)

(* Reads change nothing of the protocol. *)
Untouched == [][Next]_vars
==============================================================================
