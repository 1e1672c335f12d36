--------------------------- MODULE MCEarlyLogVoting ---------------------------
(***************************************************************************)
(* Why Reduced, of MCLogVoting, loses nothing: as MCEarly, which see, for  *)
(* MCMultiPaxos.                                                           *)
(***************************************************************************)
EXTENDS MCLogVoting

(* Values are broadcast, and ballot 1 promised, before all else. *)
AtOnce == 1

EarlyPromised == [a \in Acceptor |-> [s \in Scopes |->
    IF promised[a][s] < AtOnce THEN AtOnce ELSE promised[a][s]]]

Early == INSTANCE LogVoting WITH broadcast <- Value, promised <- EarlyPromised

PromisedEarly == [][Early!Next]_(Early!vars)

(* What was learned is delivered at once.  If its learner restarts before that, it
   is as if it had not learned it: there is nothing to deliver. *)
IsAhead(l, i) == prefix[l] < i /\ learned[l][i] # NoVote

Ahead(l, i) == INSTANCE LogVoting WITH
    prefix    <- IF IsAhead(l, i) THEN [prefix EXCEPT ![l] = i] ELSE prefix,
    delivered <- IF IsAhead(l, i)
                 THEN [delivered EXCEPT
                          ![l] = AppendNew(@, Range(@), learned[l][i][2])]
                 ELSE delivered

DeliveredEarly ==
    [][\A l \in DueDeliveries : \A i \in {prefix[l] + 1} :
           [Ahead(l, i)!Next]_(Ahead(l, i)!vars)]_vars

(* What may be learned may be learned later, with the same effect. *)
LearnedLate ==
    [][\A b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum2 :
           VotedTogether(Q, b, i, batch) => VotedTogether(Q, b, i, batch)']_vars

(* To vote again for the same batch in the same ballot changes nothing. *)
VotedOnce ==
    [][\A a \in Acceptor, b \in Ballot, i \in Instance, batch \in Batch :
           ~ /\ <<b, batch>> \in votes[a][i]
             /\ \E Q \in Quorum1 : Vote(a, b, i, batch, Q)]_vars
-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* AtOnce: the second ballot is promised at once, and nobody votes in the first. *)
SecondAtOnce == 2

(* IsAhead: also what was learned, and is lost by a restart. *)
IsBehind(l, i) == prefix[l] < i /\ (learned[l][i] # NoVote \/ l \in Keeps)

(* Learn: only from the votes of the acceptors' highest ballot. *)
VotedTogetherNow(Q, b, i, batch) ==
    /\ \A a \in Q : <<b, batch>> \in votes[a][i]
    /\ \A a \in Q : promised[a][ScopeOf(i)] = b
===============================================================================
