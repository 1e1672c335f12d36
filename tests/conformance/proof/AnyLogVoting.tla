----------------------------- MODULE AnyLogVoting -----------------------------
(***************************************************************************)
(* States of LogVoting that have the right types, those that the test      *)
(* draws, reached or not, with what each definition of the invariant says  *)
(* of them, and all steps from each.  The tests of the encoding read what  *)
(* this prints.                                                            *)
(***************************************************************************)
EXTENDS LogVotingInductive, TLC

CONSTANT Drawn  \* states: values of the variables, in the order of AnyInit

(* FIFO for one client, of two values. *)
CONSTANTS First, Second
FirstBefore(v) == IF v = Second THEN {First} ELSE {}

(* What the operators of Batches give, of all that there is at these sizes. *)
Logs == [Instance -> SUBSET Batch]
Tables ==
    /\ PrintT(<<"appended", {<<s, w, AppendNew(s, Range(s), w)>> : s \in Orders, w \in Batch}>>)
    /\ PrintT(<<"picked", {<<some, CHOOSE w \in some : TRUE>> : some \in SUBSET Batch \ {{}}}>>)
    /\ PrintT(<<"order", {<<c, n, OrderUpTo(c, n)>> : c \in Logs, n \in 0..Instances}>>)
    /\ \A c \in Logs : OrderOf(c) = OrderUpTo(c, Instances)

TablesSpec == Tables /\ Init /\ [][FALSE]_vars

(* A state that a step led to: no step is taken from there. *)
FirstStep == TLCGet("level") < 2

AnyInit == \E s \in Drawn :
    /\ broadcast = s[1] /\ promised = s[2] /\ votes = s[3] /\ learned = s[4]
    /\ prefix = s[5] /\ delivered = s[6] /\ chosen = s[7] /\ order = s[8]

AnySpec == AnyInit /\ [][Next]_vars

Truths == <<Init, TypeOK, OneBatchPerBallot, VotesSafe, LearnedFromOneBallot,
            VotesBroadcast, ChosenByVotes, OrderOfChosen, DeliveredIsOrder,
            Agreement, Integrity, TotalOrder, DeliveredInOrder, FIFO>>

SaysState == PrintT(<<"state", Truths>>) /\ PrintT(vars)

Said(action, parameters) ==
    PrintT(<<"step", action, parameters>>) /\ PrintT(vars) /\ PrintT(vars')

SaysSteps ==
    /\ \A v \in Value : Broadcast(v) => Said("Broadcast", <<v>>)
    /\ \A a \in Acceptor, b \in Ballot, scopes \in SUBSET Scopes :
           Promise(a, b, scopes) => Said("Promise", <<a, b, <<"scopes", scopes>>>>)
    /\ \A a \in Acceptor, b \in Ballot, i \in Instance, w \in Batch, Q \in Quorum1 :
           Vote(a, b, i, w, Q) => Said("Vote", <<a, b, i, <<"batch", w>>, Q>>)
    /\ \A l \in Learner, b \in Ballot, i \in Instance, w \in Batch, Q \in Quorum2 :
           Learn(l, b, i, w, Q) => Said("Learn", <<l, b, i, <<"batch", w>>, Q>>)
    /\ \A l \in Learner, i \in Instance : Deliver(l, i) =>
           Said("Deliver", <<l, i, learned[l][i][1], <<"batch", learned[l][i][2]>>>>)
    /\ \A l \in Learner, i \in 0..Instances :
           Restart(l) /\ StandsAt(l, i) => Said("Restart", <<l, i>>)
    /\ \A l \in Learner, i \in Instance :
           InstallSnapshot(l, i) => Said("InstallSnapshot", <<l, i>>)
===============================================================================
