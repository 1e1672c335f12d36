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
    THEN \E v \in Value : Broadcast(v) /\ UNCHANGED <<crashVars, heard, lead>>
    ELSE IF DueRequests # {} THEN \E r \in DueRequests : Prepare(1, r)
    ELSE IF DueAnswers # {}
    THEN \E ar \in DueAnswers : PromiseUp(ar[1], 1, ar[2])
    ELSE IF DueDeliveries # {} THEN \E l \in DueDeliveries : DeliverNext(l)
    ELSE \/ /\ ~FirstIsOver
            /\ \/ \E i \in Instance, batch \in Batch, Q \in Quorum1 :
                      Propose(1, i, batch, Q)
               \/ \E a \in Acceptor, i \in Instance : VoteUp(a, 1, i)
         \/ TopNext

Reduced == LiveInit /\ [][ReducedNext]_liveVars /\ Fairness

(* Ways in which ballot 1 may have ended, at bounds where all of them are too many:
   its leader, with PrepareAhead, proposed some values, one after another, and some
   acceptors voted for the last of them.  (They are interchangeable: which of them
   says how many.) *)
Voters == CHOOSE s \in [1..Cardinality(Acceptor) -> Acceptor] : Range(s) = Acceptor

Some(n) == {Voters[k] : k \in 1..n}

Ended(values, some, told, leads) ==
    LET last == Len(values)
    IN  /\ broadcast = Value
        /\ msgs =
               [type : {"1a"}, bal : {1}, from : {1}, to : {Instances}]
               \cup [type : {"1b"}, acc : Acceptor, bal : {1}, from : {1},
                     to : {Instances}, votes : {{}}]
               \cup {[type |-> "2a", bal |-> 1, inst |-> i,
                      batch |-> <<values[i]>>] : i \in 1..last}
               \cup [type : {"2b"}, acc : some, bal : {1}, inst : {last}]
        /\ vote = [a \in Acceptor |-> [i \in Instance |->
               IF a \in some /\ i = last THEN <<1, <<values[i]>>>> ELSE NoVote]]
        /\ chosen = [i \in Instance |->
               IF i = last /\ HasQuorum(some) THEN {<<values[i]>>} ELSE {}]
        /\ votes = [a \in Acceptor |->
               [i \in Instance |-> {vote[a][i]} \ {NoVote}]]
        /\ order = OrderOf(chosen)
        /\ promised = [a \in Acceptor |-> [s \in Scopes |-> 1]]
        /\ trimmed  = [a \in Acceptor |-> 0]
        /\ learned  = [l \in Learner |-> [i \in Instance |-> NoVote]]
        /\ prefix   = [l \in Learner |-> 0]
        /\ delivered  = [l \in Learner |-> << >>]
        /\ known      = [l \in Learner |-> {}]
        /\ taken      = [l \in Learner |-> Beginning]
        /\ checkpoint = [l \in Learner |-> Beginning]
        /\ down = {} /\ lost = {} /\ restarts = 0
        /\ heard = told /\ lead = [i \in Instance |-> leads]

(* It proposed a value that only it knew, and above it one whose client insists; it
   died, and the first proposal was lost. *)
LeftInit == \E v \in Orphan, w \in Value \ Orphan, n \in 0..Cardinality(Acceptor) :
                Ended(<<v, w>>, Some(n), {}, {})

LeftNext == IF DueDeliveries # {} THEN \E l \in DueDeliveries : DeliverNext(l)
            ELSE TopNext

DeadLeader == LeftInit /\ [][LeftNext]_liveVars /\ Fairness

(* Its first value was chosen: one whose client has died, if there is such a one.
   The leader of Top has heard of the others. *)
ChosenInit ==
    \E v \in IF Orphan = {} THEN Value ELSE Orphan, n \in 0..Cardinality(Acceptor) :
        HasQuorum(Some(n)) /\ Ended(<<v>>, Some(n), Value \ Orphan, {})

(* Or all acceptors voted for the one value, and ballot 1 is Top. *)
SettledInit == \E v \in Value : Ended(<<v>>, Acceptor, Value, Some(2))

(* Learners that keep checkpoints, and acceptors that trim.  Learners may learn in
   ballot 1 too: otherwise nothing would be trimmed before Top has a leader.  As in
   MCMultiPaxos a snapshot is durable when it is taken, and a learner restarts only
   where it takes something back by it. *)
KeepAtOnce(l) ==
    /\ l \in Keeps \ lost
    /\ StateOf(l).prefix > checkpoint[l].prefix
    /\ Durable(l, StateOf(l))
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> StateOf(l).prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, stateVars, historyVars,
                   crashVars, heard, lead>>

KeepingNext ==
    IF DueDeliveries \ lost # {}
    THEN \E l \in DueDeliveries \ lost : DeliverNext(l)
    ELSE \/ TopNext
         \/ \E l \in Learner, i \in Instance, Q \in Quorum2 : LearnAny(l, 1, i, Q)
         \/ \E l \in Keeps : KeepAtOnce(l)
         \/ \E l \in Keeps : Give(l)
         \/ \E l \in Keeps : prefix[l] > checkpoint[l].prefix /\ RestartUp(l)
         \/ \E l \in Learner : Lose(l)
         \/ \E l \in Keeps, m \in msgs : InstallAny(l, m)
         \/ \E a \in Acceptor, i \in Instance : TrimUp(a, i)

Keeping == ChosenInit /\ [][KeepingNext]_liveVars /\ Fairness

KeepingAtRest == SettledInit /\ [][KeepingNext]_liveVars /\ Fairness

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
                   historyVars, lost, restarts, heard, lead>>

(* Gives: no learner gives its checkpoint. *)
GivesNothing(l) == FALSE

(* HasCheckpoint: acceptors take what was delivered for what is in a checkpoint. *)
DeliveredIsKept(l, i) == \E j \in i..Instances : HasDelivered(l, j)

(* Keepers: one learner's checkpoint is enough for acceptors to forget. *)
KeepersOne == {{{l}} : l \in Keeps}

(* Givers: the taker asks one learner, and no other. *)
OneGiver(l) == {k \in {CHOOSE k \in Keeps : k # l} : Gives(k)}

(* AnswersFrom: an acceptor answers for all that it was asked for, or not at all. *)
AnswersWhole(a, r) == r[1]
===============================================================================
