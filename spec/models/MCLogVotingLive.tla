--------------------------- MODULE MCLogVotingLive ----------------------------
(***************************************************************************)
(* Models of LogVotingLive: a reduction, and mutants.  Each .cfg of this   *)
(* folder that names them says which.  No symmetry: TLC's search for       *)
(* cycles does not allow it.                                               *)
(***************************************************************************)
EXTENDS LogVotingLive

(* Reduced is LiveSpec without behaviours that differ from one that it has only
   in the order of steps that do not see each other, or in the name of an
   acceptor:
   - it starts where all values are broadcast and ballot 1 is promised.  No
     guard needs a value not to be broadcast, or an acceptor not to have
     promised ballot 1, below which there is nothing;
   - it starts where ballot 1 is over: an acceptor votes in it only before it
     promises Top, and nothing but a promise of Top sees these votes.  So an
     initial state for every way in which ballot 1 may have ended; the
     acceptors are interchangeable, so one order of them is enough;
   - what was learned is delivered at once;
   - a promise beyond the quorum that leads comes with the vote;
   - learners learn what was chosen in Top only: that they may learn more is
     of no help to a property that may not rely on it.
   Ballots are 1 and 2. *)
Row == CHOOSE s \in [1..Cardinality(Acceptor) -> Acceptor] : Range(s) = Acceptor

(* How ballot 1 may have ended: where it had which batch (the no-op says: none),
   and for each acceptor in the row the instances that it voted in, as a number. *)
Placements == {p \in [1..Room -> Batch] :
                  \A i, j \in DOMAIN p : i # j => p[i] = NoOp \/ p[i] # p[j]}
In(i, n) == (n \div 2^(i - 1)) % 2 = 1
Ends == {n \in [1..Len(Row) -> 0..(2^Room - 1)] :
            \A k, m \in 1..Len(Row) : k < m => n[k] <= n[m]}

Ended(p, n) == [a \in Acceptor |-> [i \in Instance |->
    IF i <= Room /\ p[i] # NoOp /\ \E k \in 1..Len(Row) : Row[k] = a /\ In(i, n[k])
    THEN {<<1, p[i]>>} ELSE {}]]

ReducedInit ==
    /\ broadcast = Value
    /\ promised  = [a \in Acceptor |-> [s \in Scopes |-> 1]]
    /\ \E p \in Placements, n \in Ends : votes = Ended(p, n)
    /\ learned   = [l \in Learner |-> [i \in Instance |-> NoVote]]
    /\ prefix    = [l \in Learner |-> 0]
    /\ delivered = [l \in Learner |-> << >>]
    /\ chosen    = [i \in Instance |-> {batch \in Batch :
                       \E Q \in Quorum2 : VotedTogether(Q, 1, i, batch)}]
    /\ order     = OrderOf(chosen)
    /\ down = {} /\ heard = {} /\ lead = {}

DueDeliveries == {l \in Learner : prefix[l] < Instances
                                  /\ learned[l][prefix[l] + 1] # NoVote}

ReducedNext ==
    IF DueDeliveries # {} THEN \E l \in DueDeliveries : DeliverNext(l)
    ELSE \/ \E v \in Value : Hear(v)
         \/ \E a \in Acceptor : Crash(a)
         \/ \E a \in Acceptor : PromiseTop(a)
         \/ ElectTop
         \/ \E a \in Acceptor, i \in Instance : VoteTop(a, i)
         \/ \E l \in Learner, i \in Instance : LearnTop(l, i)

Reduced == ReducedInit /\ [][ReducedNext]_liveVars /\ Fairness

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Insists: the client sends its value once, and nobody hears it. *)
GivesUp(v) == FALSE

(* MayFill: gaps are left for a value that may come. *)
NeverFills(i) == FALSE

(* Crash: the promise is lost. *)
CrashForgets(a) ==
    /\ a \in Up
    /\ Cardinality(down) < MayCrash
    /\ down' = down \cup {a}
    /\ promised' = [promised EXCEPT ![a] = [s \in Scopes |-> 0]]
    /\ UNCHANGED <<broadcast, votes, learnerVars, historyVars, heard, lead>>
===============================================================================
