------------------------------- MODULE MCDelays -------------------------------
(***************************************************************************)
(* Models of Delays: one value, one learner, three acceptors.  For each    *)
(* combination of the optimisations one model shows that no delivery takes *)
(* fewer than Least delays, and one, which must fail, that some delivery   *)
(* takes no more.                                                          *)
(***************************************************************************)
EXTENDS Delays, TLC

CONSTANTS v1, a1, a2, a3, l1

OneValue       == {v1}
ThreeAcceptors == {a1, a2, a3}
OneLearner     == {l1}
Majorities     == {Q \in SUBSET Acceptor : Cardinality(Q) = 2}
Symmetry       == Permutations(Acceptor)
==============================================================================
