-------------------------- MODULE MCEarlyCheckpoints --------------------------
(***************************************************************************)
(* Why ReducedWithCheckpoints, of MCMultiPaxos, loses nothing: as MCEarly, *)
(* which see, for what learners do that keep checkpoints.                  *)
(***************************************************************************)
EXTENDS MCEarly

(* A checkpoint is sent to all at once, and a learner has said which one it has as
   soon as it has it: so none crashes between the two. *)
SaidAtOnce ==
    {[type |-> "Snapshot", cluster |-> "ours", state |-> checkpoint[l]] :
        l \in DueSnapshots}
    \cup {[type |-> "Checkpointed", lrn |-> l, inst |-> checkpoint[l].prefix] :
              l \in Keeps}

SaidEarly == [][\A m \in SaidAtOnce : [Told(m)!Next]_(Told(m)!vars)]_vars

(* A snapshot is durable as soon as it is taken, if it is ever: where its learner
   restarts, installs another one or takes a new one before, it is as if it had not
   been taken.  The one before it has been sent.  (To send that there is none is
   no use to anybody.) *)
IsOfUse(m) == m.type = "Snapshot" => m.state # Beginning

Written(l, s) == INSTANCE MultiPaxos WITH
    msgs <- {m \in msgs : IsOfUse(m)}
                \cup {[type |-> "Checkpointed", lrn |-> l, inst |-> s.prefix]},
    checkpoint <- [checkpoint EXCEPT ![l] = s],
    taken <- [taken EXCEPT ![l] = Beginning]

IsWritten(l) == taken[l] # Beginning /\ l \notin DueSnapshots

WrittenEarly ==
    [][\A l \in Keeps : \A s \in {taken[l]} :
           IsWritten(l) /\ taken'[l] = s => [Written(l, s)!Next]_(Written(l, s)!vars)]_vars

(* A snapshot of an instance that is in the checkpoint is the checkpoint. *)
SnapshotsDiffer ==
    \A l \in Keeps : StateOf(l).prefix = checkpoint[l].prefix => StateOf(l) = checkpoint[l]

(* What was learned is delivered before anything else is done, but for what a learner
   does with its own snapshots. *)
OfSnapshots(l) ==
    \/ TakeSnapshot(l) \/ Checkpoint(l) \/ RecoverCheckpoint(l) \/ Restart(l)
    \/ \E m \in msgs : InstallSnapshot(l, m) \/ RecoverInstall(l, m)

DeliveredFirst ==
    [][\A l \in DueDeliveries : \A i \in {prefix[l] + 1} :
           OfSnapshots(l) \/ [Ahead(l, i)!Next]_(Ahead(l, i)!vars)]_vars
-----------------------------------------------------------------------------
(* A state in which the acceptors are done: they voted in all instances, and said
   all that they can say of it.  From there only learners do anything. *)
Everywhere == <<CHOOSE v \in Value : TRUE>>

VotedEverywhere(from, to) == {<<i, 1, Everywhere>> : i \in from..to}

SaidByAcceptors ==
    LET ranges == {r \in Instance \X Instance : r[1] <= r[2]}
    IN       {[type |-> "1a", bal |-> 1, from |-> r[1], to |-> r[2]] : r \in ranges}
        \cup {[type |-> "1b", acc |-> ar[1], bal |-> 1, from |-> ar[2][1],
               to |-> ar[2][2], votes |-> some] :
                  ar \in Acceptor \X ranges,
                  some \in {{}} \cup {VotedEverywhere(r[1], r[2]) : r \in ranges}}
        \cup {[type |-> "2a", bal |-> 1, inst |-> i, batch |-> Everywhere] :
                  i \in Instance}
        \cup {[type |-> "2b", acc |-> a, bal |-> 1, inst |-> i] :
                  a \in Acceptor, i \in Instance}

DoneInit ==
    /\ broadcast = Value
    /\ msgs = SaidByAcceptors
    /\ promised = [a \in Acceptor |-> [s \in Scopes |-> 1]]
    /\ vote = [a \in Acceptor |-> [i \in Instance |-> <<1, Everywhere>>]]
    /\ trimmed = [a \in Acceptor |-> 0]
    /\ learned = [l \in Learner |-> [i \in Instance |-> NoVote]]
    /\ prefix = [l \in Learner |-> 0]
    /\ delivered = [l \in Learner |-> << >>]
    /\ known = [l \in Learner |-> {}]
    /\ taken = [l \in Learner |-> Beginning]
    /\ checkpoint = [l \in Learner |-> Beginning]
    /\ votes = [a \in Acceptor |-> [i \in Instance |-> {<<1, Everywhere>>}]]
    /\ chosen = [i \in Instance |-> {Everywhere}]
    /\ order = OrderOf(chosen)

DoneSpec == DoneInit /\ [][Next]_vars
-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* IsWritten: also where the one before it was not sent. *)
IsTaken(l) == taken[l] # Beginning

(* OfSnapshots: nothing is excepted. *)
NothingOf(l) == FALSE
===============================================================================
