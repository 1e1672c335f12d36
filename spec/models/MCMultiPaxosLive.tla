--------------------------- MODULE MCMultiPaxosLive ---------------------------
(***************************************************************************)
(* Models of MultiPaxosLive: a reduction, and mutants.  Each .cfg of this  *)
(* folder that names them says which.  No symmetry: TLC's search for       *)
(* cycles does not allow it.                                               *)
(***************************************************************************)
EXTENDS MultiPaxosLive

(* Reduced is LiveSpec without behaviours that differ from one that it has only
   in the order of steps that do not see each other, as in MCSynodLive; and what
   is learned is delivered at once.  Ballots are 1 and 2. *)
FirstIsOver == \E m \in msgs : m.type = "1b" /\ m.bal = Top
DueRequests == {r \in Ranges : [type |-> "1a", bal |-> 1,
                                from |-> r[1], to |-> r[2]] \notin msgs}
DueAnswers == {ar \in Acceptor \X Ranges : Promises(ar[1], 1, ar[2][1]) = {}}
DueDeliveries == {l \in Learner : prefix[l] < Instances
                                  /\ learned[l][prefix[l] + 1] # NoVote}

TopNext ==
    \/ \E v \in Value : Hear(v)
    \/ \E a \in Acceptor : Crash(a)
    \/ \E r \in Ranges : Prepare(Top, r)
    \/ \E a \in Acceptor, r \in Ranges : PromiseTop(a, r)
    \/ ElectTop
    \/ \E i \in Instance : ProposeTop(i)
    \/ \E a \in Acceptor, i \in Instance : VoteUp(a, Top, i)
    \/ \E i \in Instance : DecideTop(i)
    \/ \E l \in Learner, i \in Instance : LearnTop(l, i)

ReducedNext ==
    IF broadcast # Value
    THEN \E v \in Value : Broadcast(v) /\ UNCHANGED <<down, heard, lead>>
    ELSE IF DueRequests # {} THEN \E r \in DueRequests : Prepare(1, r)
    ELSE IF DueAnswers # {}
    THEN \E ar \in DueAnswers : PromiseUp(ar[1], 1, ar[2])
    ELSE IF DueDeliveries # {} THEN \E l \in DueDeliveries : DeliverNext(l)
    ELSE \/ /\ ~FirstIsOver
            /\ \/ \E i \in Instance, batch \in Batch, Q \in Quorum :
                      Propose(1, i, batch, Q)
               \/ \E a \in Acceptor, i \in Instance : VoteUp(a, 1, i)
         \/ TopNext

Reduced == LiveInit /\ [][ReducedNext]_liveVars /\ Fairness

(* One way in which ballot 1 may have ended, at bounds where all of them are too
   many: its leader, with PrepareAhead, proposed a value that only it knew, and
   above it one whose client insists; it died, the first proposal was lost, and
   some acceptors voted for the second.  (They are interchangeable: which of them
   says how many.) *)
Voters == CHOOSE s \in [1..Cardinality(Acceptor) -> Acceptor] : Range(s) = Acceptor

Left(v, w, some) ==
    [type : {"1a"}, bal : {1}, from : {1}, to : {Instances}]
    \cup [type : {"1b"}, acc : Acceptor, bal : {1}, from : {1}, to : {Instances},
          votes : {{}}]
    \cup {[type |-> "2a", bal |-> 1, inst |-> 1, batch |-> <<v>>],
          [type |-> "2a", bal |-> 1, inst |-> 2, batch |-> <<w>>]}
    \cup [type : {"2b"}, acc : some, bal : {1}, inst : {2}]

LeftInit ==
    /\ broadcast = Value
    /\ promised = [a \in Acceptor |-> [s \in Scopes |-> 1]]
    /\ trimmed  = [a \in Acceptor |-> 0]
    /\ \E v \in Orphan, w \in Value \ Orphan, n \in 0..Cardinality(Acceptor) :
           LET some == {Voters[k] : k \in 1..n}
           IN  /\ msgs = Left(v, w, some)
               /\ vote = [a \in Acceptor |-> [i \in Instance |->
                      IF a \in some /\ i = 2 THEN <<1, <<w>>>> ELSE NoVote]]
               /\ chosen = [i \in Instance |->
                      IF i = 2 /\ \E Q \in Quorum : Q \subseteq some
                      THEN {<<w>>} ELSE {}]
    /\ votes = [a \in Acceptor |-> [i \in Instance |-> {vote[a][i]} \ {NoVote}]]
    /\ order = OrderOf(chosen)
    /\ learned   = [l \in Learner |-> [i \in Instance |-> NoVote]]
    /\ prefix    = [l \in Learner |-> 0]
    /\ delivered = [l \in Learner |-> << >>]
    /\ down = {} /\ heard = {} /\ lead = [i \in Instance |-> {}]

LeftNext == IF DueDeliveries # {} THEN \E l \in DueDeliveries : DeliverNext(l)
            ELSE TopNext

DeadLeader == LeftInit /\ [][LeftNext]_liveVars /\ Fairness

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
    /\ UNCHANGED <<broadcast, msgs, vote, trimmed, learnerVars,
                   historyVars, heard, lead>>
===============================================================================
