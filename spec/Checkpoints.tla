---------------------------- MODULE Checkpoints -----------------------------
(***************************************************************************)
(* Learners that keep checkpoints: a part of MultiPaxos.                   *)
(*                                                                         *)
(* A learner that keeps checkpoints comes back from a crash with its state *)
(* at an earlier instance, as the same learner, and goes on from there.    *)
(* One that is so far behind that acceptors have trimmed what it needs, is *)
(* given the snapshot of another.                                          *)
(*                                                                         *)
(* One whose newest checkpoint is damaged has lost what it said it had, so *)
(* it is a new learner.  If an older one is whole, it need not begin anew: *)
(* a file is a message from one life to the next.  The earlier life did    *)
(* SendSnapshot when it had that checkpoint, as it may at any time, and    *)
(* the new one does InstallSnapshot, however much later that is.  What     *)
(* acceptors have trimmed since, it is given by another learner.  And so   *)
(* is one that begins with a snapshot that another learner gave: an        *)
(* earlier life may have lost all that it had, and have been given that.   *)
(***************************************************************************)
EXTENDS MultiPaxosState

StateOf(l) ==
    [prefix |-> prefix[l], delivered |-> delivered[l], known |-> known[l]]

(* Learner l takes a snapshot of its state, while it stands at one instance; and
   goes on, while the snapshot is written.  One that could not be written is
   followed by another. *)
TakeSnapshot(l) ==
    /\ keeps:: l \in Keeps
    /\ taken' = [taken EXCEPT ![l] = StateOf(l)]
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, learned, stateVars, checkpoint,
                   historyVars>>

(* Snapshot s is on l's disk.  It is there as a whole, in place of the one before,
   or not at all. *)
Durable(l, s) ==
    /\ checkpoint' = [checkpoint EXCEPT ![l] = s]
    /\ taken' = [taken EXCEPT ![l] = Beginning]

(* The snapshot that it took is durable: a checkpoint.  The learner says so, after
   that, for the acceptors to know what it does not need any more. *)
Checkpoint(l) ==
    /\ taken:: taken[l] # Beginning
    /\ Durable(l, taken[l])
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> taken[l].prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, stateVars, historyVars>>

Become(l, s) ==
    /\ prefix'    = [prefix EXCEPT ![l] = s.prefix]
    /\ delivered' = [delivered EXCEPT ![l] = s.delivered]
    /\ known'     = [known EXCEPT ![l] = s.known]

(* A learner that keeps checkpoints crashed and comes back with the last, or where
   it has none yet, with nothing.  It says again which one it has. *)
Restart(l) ==
    /\ keeps:: l \in Keeps
    /\ Become(l, checkpoint[l])
    /\ learned' = [learned EXCEPT ![l] = [i \in Instance |-> NoVote]]
    /\ taken' = [taken EXCEPT ![l] = Beginning]
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> checkpoint[l].prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, checkpoint, historyVars>>

(* It gives its checkpoint to whoever can use it.  On the wire that is many
   messages; but a snapshot is used only once all of it is there and verified, so
   that to lose one of them is to lose the snapshot: it is one message here.  Parts
   that a learner has when it crashes are there for its next life: that is this
   message once more, not consumed yet. *)
SendSnapshot(l) ==
    /\ keeps:: l \in Keeps
    /\ Send([type |-> "Snapshot", cluster |-> "ours", state |-> checkpoint[l]])
    /\ UNCHANGED <<broadcast, acceptorVars, learnerVars, historyVars>>

(* What other clusters ordered is another order. *)
IsOurs(m) == m.cluster = "ours"

(* A learner takes nothing back but by a crash. *)
IsNewer(l, m) == m.state.prefix > prefix[l]

(* Learner l takes over the state of a snapshot that is newer than its own, and
   makes it durable before it uses it: it is its checkpoint from then on. *)
InstallSnapshot(l, m) ==
    /\ keeps:: l \in Keeps
    /\ sent:: m \in msgs /\ m.type = "Snapshot"
    /\ ours:: IsOurs(m)
    /\ newer:: IsNewer(l, m)
    /\ Durable(l, m.state)
    /\ Become(l, m.state)
    /\ Send([type |-> "Checkpointed", lrn |-> l, inst |-> m.state.prefix])
    /\ UNCHANGED <<broadcast, acceptorVars, learned, historyVars>>

(* A crash between making a checkpoint durable and saying so: the learner comes
   back with one that nobody was told of.  One of these, then Restart. *)
RecoverCheckpoint(l) ==
    /\ taken:: taken[l] # Beginning
    /\ Durable(l, taken[l])
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, learned, stateVars, historyVars>>

RecoverInstall(l, m) ==
    /\ keeps:: l \in Keeps
    /\ sent:: m \in msgs /\ m.type = "Snapshot"
    /\ ours:: IsOurs(m)
    /\ newer:: IsNewer(l, m)
    /\ Durable(l, m.state)
    /\ Become(l, m.state)
    /\ UNCHANGED <<broadcast, msgs, acceptorVars, learned, historyVars>>

-----------------------------------------------------------------------------
(* No learner that keeps checkpoints is stranded: what it has not delivered and an
   acceptor has trimmed, is in a checkpoint that it may be given. *)
TrimmedIsKept == \A a \in Acceptor, l \in Keeps :
    trimmed[a] > prefix[l] => \E k \in Keeps : checkpoint[k].prefix >= trimmed[a]

(* A checkpoint, and a snapshot on the way to be one, is what the order gives at
   its instance: all of it, of one instance, and nothing besides. *)
IsStateOfOrder(s) ==
    /\ \A i \in 1..s.prefix : chosen[i] # {}
    /\ s.delivered = OrderUpTo(chosen, s.prefix)
    /\ s.known = Remember({}, s.delivered)

CheckpointIsState == \A l \in Learner :
    IsStateOfOrder(taken[l]) /\ IsStateOfOrder(checkpoint[l])

(* Who keeps no checkpoints has none, and takes none. *)
OnlyKeepersKeep == \A l \in Learner \ Keeps :
    taken[l] = Beginning /\ checkpoint[l] = Beginning

(* A snapshot on the way to the disk is not older than the checkpoint that it will
   be in place of. *)
CheckpointsGrow == \A l \in Learner :
    taken[l] # Beginning => taken[l].prefix >= checkpoint[l].prefix

(* What a learner has delivered is in its checkpoint, or learned since it came back:
   a snapshot is durable before it is used, and a crash loses all the rest. *)
DeliveredIsLearned == \A l \in Learner, i \in Instance :
    checkpoint[l].prefix < i /\ i <= prefix[l] => learned[l][i] # NoVote

(* A client table has no place for an incarnation that is over: that bounds it. *)
TableIsBounded == \A l \in Learner : \A v \in known[l] : Later(v) \cap known[l] = {}

(* What a learner said to be in a checkpoint of its, is. *)
SaidIsKept == \A m \in msgs : m.type = "Checkpointed" => m.inst <= checkpoint[m.lrn].prefix

(* A learner takes back what it delivered only where it restarts: as far as its
   checkpoint, which stays, and it knows of nothing else. *)
TakesBackOnlyByRestart == [][\A l \in Learner :
    \/ IsPrefix(delivered[l], delivered'[l])
    \/ /\ l \in Keeps
       /\ StateOf(l)' = checkpoint[l] /\ checkpoint'[l] = checkpoint[l]
       /\ \A i \in Instance : learned'[l][i] = NoVote]_vars
=============================================================================
