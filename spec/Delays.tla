-------------------------------- MODULE Delays --------------------------------
(***************************************************************************)
(* How many message delays lie between the broadcast of a value and its    *)
(* delivery: MultiPaxos with two history variables that count them.        *)
(*                                                                         *)
(* The measure is causal depth.  The client's submission of the value is   *)
(* one deep.  Any other message is one deeper than the deepest message     *)
(* that its sender had consumed, if that message has the broadcast among   *)
(* its causes; otherwise (Phase 1 that was run before) it is 0 deep.  So   *)
(* work that does not wait for the value costs no delay.                   *)
(*                                                                         *)
(* The system is idle but for the one value: another value that waits      *)
(* could lend it its Phase 1, and hide what a value alone must wait for.   *)
(***************************************************************************)
EXTENDS MultiPaxos

CONSTANTS Least  \* the least number of delays, which the models establish

ASSUME Cardinality(Value) = 1

VARIABLES depth,  \* depth[m]: how deep message m is
          seen    \* seen[p]: the deepest message that process p has consumed

delayVars == <<depth, seen>>

Process == ({"proposer"} \X Proposer) \cup ({"acceptor"} \X Acceptor)
               \cup ({"learner"} \X Learner)

Submission == 1

Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Min(S) == CHOOSE x \in S : \A y \in S : x <= y

(* The least deep of the messages in S; 0 if there is none to consume. *)
Shallowest(S) == IF S = {} THEN 0 ELSE Min({depth[m] : m \in S})

(* Process p consumes messages of these depths, and sends what is new. *)
Consumes(p, depths) ==
    LET deepest == Max(depths \cup {seen[p]})
    IN  /\ seen' = [seen EXCEPT ![p] = deepest]
        /\ depth' = [m \in msgs' |->
               IF m \in msgs THEN depth[m]
               ELSE IF deepest = 0 THEN 0 ELSE deepest + 1]

-----------------------------------------------------------------------------
(* Each action consumes the messages that its guards look for. *)

DBroadcast(v) == Broadcast(v) /\ UNCHANGED delayVars

DPhase1a(b, from, to) ==
    /\ Phase1a(b, from, to)
    /\ Consumes(<<"proposer", Owner(b)>>,
           IF PrepareAhead THEN {}
           ELSE IF ValueWaits(b) THEN {Submission}
           ELSE {Shallowest({m \in msgs : m.type = "2a" /\ m.inst >= from})})

DPhase1b(a, b, from, to) ==
    /\ Phase1b(a, b, from, to)
    /\ Consumes(<<"acceptor", a>>,
           {Shallowest({m \in msgs : /\ m.type = "1a" /\ m.bal = b
                                     /\ m.from <= from /\ to <= m.to})})

DPhase2a(b, i, batch, Q) ==
    /\ Phase2a(b, i, batch, Q)
    /\ Consumes(<<"proposer", Owner(b)>>,
           {Shallowest(Promises(a, b, i)) : a \in Q}
               \cup IF Reported(Q, b, i) = {} /\ batch # NoOp
                    THEN {Submission} ELSE {})

DPhase2b(a, b, i) ==
    /\ Phase2b(a, b, i)
    /\ Consumes(<<"acceptor", a>>, {Shallowest(Accepts(b, i))})

VotesIn(Q, b, i) ==
    {m \in msgs : m.type = "2b" /\ m.bal = b /\ m.inst = i /\ m.acc \in Q}

DDecide(b, i, Q) ==
    /\ Decide(b, i, Q)
    /\ \E p \in Proposer :
           Consumes(<<"proposer", p>>, {depth[m] : m \in VotesIn(Q, b, i)})

(* A learner that learns from votes has the batch from the 2a. *)
DLearn(l, b, i, Q) ==
    /\ Learn(l, b, i, Q)
    /\ Consumes(<<"learner", l>>,
           IF DirectLearning
           THEN {depth[m] : m \in VotesIn(Q, b, i) \cup Accepts(b, i)}
           ELSE {depth[[type |-> "Decide", bal |-> b, inst |-> i]]})

DDeliver(l, i) == Deliver(l, i) /\ Consumes(<<"learner", l>>, {})

-----------------------------------------------------------------------------
DInit == /\ Init
         /\ depth = << >>
         /\ seen = [p \in Process |-> 0]

DNext == \/ \E v \in Value : DBroadcast(v)
         \/ \E b \in Ballot, from, to \in Instance : DPhase1a(b, from, to)
         \/ \E a \in Acceptor, b \in Ballot, from, to \in Instance :
                DPhase1b(a, b, from, to)
         \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
                DPhase2a(b, i, batch, Q)
         \/ \E a \in Acceptor, b \in Ballot, i \in Instance : DPhase2b(a, b, i)
         \/ \E b \in Ballot, i \in Instance, Q \in Quorum2 : DDecide(b, i, Q)
         \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
                DLearn(l, b, i, Q)
         \/ \E l \in Learner, i \in Instance : DDeliver(l, i)

DSpec == DInit /\ [][DNext]_<<vars, delayVars>>

-----------------------------------------------------------------------------
(* The value is delivered after no fewer delays than Least ... *)
NeverFaster == \A l \in Learner :
    delivered[l] # << >> => seen[<<"learner", l>>] >= Least

(* ... and, where this is violated, after no more than that. *)
AlwaysSlower == \A l \in Learner :
    delivered[l] # << >> => seen[<<"learner", l>>] > Least
=============================================================================
