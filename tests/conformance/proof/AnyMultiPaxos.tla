---------------------------- MODULE AnyMultiPaxos ----------------------------
(***************************************************************************)
(* States of MultiPaxos that have the right types, those that the test     *)
(* draws, reached or not, with what each definition of the invariant says  *)
(* of them, and all steps from each.  The tests of the encoding read what  *)
(* this prints.                                                            *)
(***************************************************************************)
EXTENDS MultiPaxosInductive, TLC

CONSTANT Drawn  \* states: values of the variables, in the order of AnyInit

(* FIFO for one client, of two values; or two incarnations of one client. *)
CONSTANTS First, Second
FirstBefore(v) == IF v = Second THEN {First} ELSE {}
SecondLater(v) == IF v = First THEN {Second} ELSE {}

(* What the operators of Batches give, of all that there is at these sizes. *)
Orders == {s \in UNION {[1..n -> Value] : n \in 0..Cardinality(Value)} :
              Cardinality(Range(s)) = Len(s)}
Logs == [Instance -> SUBSET Batch]
Tables ==
    /\ PrintT(<<"appended", {<<s, w, AppendNew(s, Range(s), w)>> : s \in Orders, w \in Batch}>>)
    /\ PrintT(<<"picked", {<<some, CHOOSE w \in some : TRUE>> : some \in SUBSET Batch \ {{}}}>>)
    /\ PrintT(<<"order", {<<c, n, OrderUpTo(c, n)>> : c \in Logs, n \in 0..Instances}>>)
    /\ PrintT(<<"table", {<<s, Remember({}, s)>> : s \in Orders}>>)
    /\ PrintT(<<"remembered", {<<k, w, Remember(k, NewOf(k, w))>> :
                                   k \in SUBSET Value, w \in Batch}>>)
    /\ PrintT(<<"by table", {<<s, k, w, AppendNew(s, k, w)>> :
                                 s \in Orders, k \in SUBSET Value, w \in Batch}>>)
    /\ \A c \in Logs : OrderOf(c) = OrderUpTo(c, Instances)

TablesSpec == Tables /\ Init /\ [][FALSE]_vars

(* From a state that a step led to, no step is taken. *)
FirstStep == TLCGet("level") < 2

State(s) == [prefix |-> s[1], delivered |-> s[2], known |-> s[3]]

AnyInit == \E s \in Drawn :
    /\ broadcast = s[1] /\ msgs = s[2] /\ promised = s[3] /\ vote = s[4] /\ trimmed = s[5]
    /\ learned = s[6] /\ prefix = s[7] /\ delivered = s[8] /\ known = s[9]
    /\ taken = [l \in Learner |-> State(s[10][l])]
    /\ checkpoint = [l \in Learner |-> State(s[11][l])]
    /\ votes = s[12] /\ chosen = s[13] /\ order = s[14]

AnySpec == AnyInit /\ [][FirstStep /\ Next]_vars

KeepersKeep == \A K \in Keepers \ {{}} : \E lives \in K : lives \subseteq Keeps

Truths == <<Init, TypeOK, OneBatchPerBallot, ProposalsSafe, ProposalsBroadcast,
            VotesProposed, VotesTrue, LastVote, VotesBelowPromise, PromisesTrue,
            DecisionsChosen, LearnedVoted, ChosenByVotes, OrderOfChosen,
            DeliveredIsOrder, CheckpointIsState, SnapshotIsState,
            CheckpointsRise, SaidIsTrue, TrimmedIsOver,
            Agreement, Integrity, TotalOrder, DeliveredInOrder, FIFO,
            KeepersKeep => TrimmedIsKept>>

SaysState == PrintT(<<"state", Truths>>) /\ PrintT(vars)

Said(action, parameters) ==
    PrintT(<<"step", action, parameters>>) /\ PrintT(vars) /\ PrintT(vars')

Is(m) == <<m.state.prefix, <<"sequence", m.state.delivered>>, <<"table", m.state.known>>>>

Snapshots == {m \in msgs : m.type = "Snapshot"}

SaysProposers ==
    /\ \A b \in Ballot, from, to \in Instance :
           Phase1a(b, from, to) => Said("Phase1a", <<b, from, to>>)
    /\ \A b \in Ballot, i \in Instance, w \in Batch, Q \in Quorum1 :
           Phase2a(b, i, w, Q) => Said("Phase2a", <<b, i, <<"batch", w>>, Q>>)
    /\ \A b \in Ballot, i \in Instance, Q \in Quorum2 :
           Decide(b, i, Q) => Said("Decide", <<b, i, Q>>)

SaysAcceptors ==
    /\ \A a \in Acceptor, b \in Ballot, from, to \in Instance : Phase1b(a, b, from, to) =>
           Said("Phase1b", <<a, b, from, to, <<"report", VotesOf(a, from, to)>>>>)
    /\ \A a \in Acceptor, b \in Ballot, i \in Instance :
           /\ Phase2b(a, b, i) => Said("Phase2b", <<a, b, i, <<"batch", BatchOf(b, i)>>>>)
           /\ RecoverVote(a, b, i) =>
                  Said("RecoverVote", <<a, b, i, <<"batch", BatchOf(b, i)>>>>)
    /\ \A a \in Acceptor, i \in Instance :
           /\ Trim(a, i) => Said("Trim", <<a, i>>)
           /\ Repeat(a, i) => Said("Repeat", <<a, i>>)
    /\ \A a \in Acceptor : Recover(a) => Said("Recover", <<a>>)
    /\ \A a \in Acceptor, b \in Ballot, s \in Scopes :
           RecoverPromise(a, b, s) => Said("RecoverPromise", <<a, b, <<"scope", s>>>>)

SaysLearners ==
    /\ \A l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 : Learn(l, b, i, Q) =>
           Said("Learn", <<l, b, i, Q, <<"batch", BatchOf(b, i)>>>>)
    /\ \A l \in Learner, i \in Instance : Deliver(l, i) =>
           Said("Deliver", <<l, i, learned[l][i][1], <<"batch", learned[l][i][2]>>>>)
    /\ \A l \in Learner :
           /\ TakeSnapshot(l) => Said("TakeSnapshot", <<l>>)
           /\ Checkpoint(l) => Said("Checkpoint", <<l>>)
           /\ Restart(l) => Said("Restart", <<l>>)
           /\ SendSnapshot(l) => Said("SendSnapshot", <<l>>)
           /\ RecoverCheckpoint(l) => Said("RecoverCheckpoint", <<l>>)
    /\ \A l \in Keeps, m \in Snapshots :
           /\ InstallSnapshot(l, m) => Said("InstallSnapshot", <<l>> \o Is(m))
           /\ RecoverInstall(l, m) => Said("RecoverInstall", <<l>> \o Is(m))

SaysSteps ==
    /\ \A v \in Value : Broadcast(v) => Said("Broadcast", <<v>>)
    /\ SaysProposers /\ SaysAcceptors /\ SaysLearners
===============================================================================
