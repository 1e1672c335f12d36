----------------------------- MODULE MCElection -----------------------------
(***************************************************************************)
(* Models of Election: patience at first, and mutants.                     *)
(***************************************************************************)
EXTENDS Election

CONSTANT Short   \* the least patience at first, in ticks

(* Each waits a little longer than the one before. *)
Different == [p \in Proposer |-> Short + p - 1]

Equal == [p \in Proposer |-> Short]

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Grown: patience does not grow. *)
NeverGrown(n) == n

(* Repeated: a leader says that it leads when it begins to, and not again. *)
SaysOnce(p) == {}
===============================================================================
