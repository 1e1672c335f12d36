-------------------------------- MODULE MCEarly --------------------------------
(***************************************************************************)
(* Why Reduced, of MCMultiPaxos, loses nothing: the parts of the argument  *)
(* that TLC can check, of every step of the whole Next at small constants. *)
(*                                                                         *)
(* A step that is taken early is a mapping of states: what there would be, *)
(* had it been taken.  If every step of Next is a step of Next also where  *)
(* the other was taken before, or is that one itself, then whatever        *)
(* follows, follows there too; and what a property reads is the same.      *)
(***************************************************************************)
EXTENDS MCMultiPaxos

(* Nobody trims: an acceptor that has trimmed cannot answer a 1a whole.
   ReducedWithParts has what is lost by that. *)
NoKeepers == {}

-----------------------------------------------------------------------------
(* Values are broadcast, and 1a messages sent, before all else; acceptors have
   promised ballot 1; and a 1a is answered once: what reports a vote in its own
   ballot was never sent.  With two ballots this is for one instance: there a part
   of a range is all of it. *)
AtOnce == 1

FirstAnswers ==
    {[type |-> "1b", acc |-> a, bal |-> AtOnce, from |-> r.from, to |-> r.to,
      votes |-> {}] :
        a \in Acceptor, r \in {q \in Requests : q.bal = AtOnce}}

IsNeeded(m) ==
    CASE m.type = "1a" -> m \in Requests
      [] m.type = "1b" -> m.bal # AtOnce /\ \A v \in m.votes : v[2] < m.bal
      [] OTHER -> TRUE

EarlyMessages == {m \in msgs : IsNeeded(m)} \cup Requests \cup FirstAnswers

EarlyPromised == [a \in Acceptor |-> [s \in Scopes |->
    IF promised[a][s] < AtOnce THEN AtOnce ELSE promised[a][s]]]

Early == INSTANCE MultiPaxos WITH broadcast <- Value, msgs <- EarlyMessages,
                                  promised <- EarlyPromised

AskedEarly == [][Early!Next]_(Early!vars)

-----------------------------------------------------------------------------
(* What was chosen is decided at once. *)
Told(m) == INSTANCE MultiPaxos WITH msgs <- msgs \cup {m}

ToldAtOnce ==
    {[type |-> "Decide", bal |-> bi[1], inst |-> bi[2]] : bi \in DueDecisions}

DecidedEarly == [][\A m \in ToldAtOnce : [Told(m)!Next]_(Told(m)!vars)]_vars

(* What was learned is delivered at once. *)
Ahead(l, i) == INSTANCE MultiPaxos WITH
    msgs      <- msgs \cup {[type |-> "Delivered", lrn |-> l, inst |-> i]},
    prefix    <- IF prefix[l] < i THEN [prefix EXCEPT ![l] = i] ELSE prefix,
    delivered <- IF prefix[l] < i
                 THEN [delivered EXCEPT
                          ![l] = AppendNew(@, known[l], learned[l][i][2])]
                 ELSE delivered,
    known     <- IF prefix[l] < i
                 THEN [known EXCEPT ![l] = Remember(@, NewOf(@, learned[l][i][2]))]
                 ELSE known

DeliveredEarly ==
    [][\A l \in DueDeliveries : \A i \in {prefix[l] + 1} :
           [Ahead(l, i)!Next]_(Ahead(l, i)!vars)]_vars

(* What may be learned may be learned later, with the same effect. *)
LearnedLate ==
    [][\A b \in Ballot, i \in Instance, Q \in Quorum2 :
           MayLearn(b, i, Q) => /\ MayLearn(b, i, Q)'
                                /\ BatchOf(b, i)' = BatchOf(b, i)]_vars
-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* AtOnce: the second ballot is promised at once, and nobody votes in the first. *)
SecondAtOnce == 2

(* ToldAtOnce: whatever may be proposed. *)
Proposals ==
    {[type |-> "2a", bal |-> x[1], inst |-> x[2], batch |-> x[3]] :
        x \in {y \in Ballot \X Instance \X Batch : \E Q \in Quorum1 :
                  /\ \A a \in Q : Promises(a, y[1], y[2]) # {}
                  /\ Proposable(y[3], y[1], y[2], Q)}}

(* MayLearn: a Decide that was received is not there any more. *)
MayLearnOnce(b, i, Q) ==
    /\ [type |-> "Decide", bal |-> b, inst |-> i] \in msgs
    /\ \A l \in Learner : learned[l][i] = NoVote
=============================================================================
