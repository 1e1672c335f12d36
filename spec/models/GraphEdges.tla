------------------------------ MODULE GraphEdges ------------------------------
(***************************************************************************)
(* Prints a state graph: a line for each transition that TLC generates,    *)
(* also for those to states that it knows already.  MCGraphSynod and       *)
(* MCGraphMultiPaxos put this under their specification; the reader is     *)
(* conformance/statespace/printed_graph.py.                                *)
(*                                                                         *)
(* Two variables are added, and a VIEW keeps them out of what a state is:  *)
(* the step that was taken, with its parameters, and a number of the       *)
(* state, given when it is generated.  A line has the numbers of the two   *)
(* states, the step, and what the step changed.  The whole state never     *)
(* needs to be printed: the initial one is known.  The numbers are unique  *)
(* with one worker only.                                                   *)
(***************************************************************************)
EXTENDS Integers, Sequences, TLC

VARIABLES via, number

StartGraph == via = <<"Init">> /\ number = 0 /\ TLCSet(1, 0)

Take(step) ==
    /\ via' = step
    /\ TLCSet(1, TLCGet(1) + 1)
    /\ number' = TLCGet(1)

(* In place of Take, for single behaviours: no state needs a number. *)
TakeOnly(step) == via' = step /\ number' = 0

Changed(name, old, new) == IF old = new THEN << >> ELSE << <<name, new>> >>

(* Messages are many and a step sends one: what came, and what went. *)
ChangedMessages(old, new) ==
    IF old = new THEN << >> ELSE << <<"msgs", new \ old, old \ new>> >>

PrintEdge(change) == PrintT(<<number, number', via', "=>", change>>)
===============================================================================
