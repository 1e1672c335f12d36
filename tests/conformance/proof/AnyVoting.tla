------------------------------ MODULE AnyVoting ------------------------------
(***************************************************************************)
(* All states of Voting that have the right types, reached or not, with    *)
(* what each definition of the invariant says of them, and all steps from  *)
(* each.  The tests of the encoding read what this prints.                 *)
(***************************************************************************)
EXTENDS VotingInductive, TLC

AnyInit ==
    /\ broadcast \in SUBSET Value
    /\ promised \in [Acceptor -> {0} \cup Ballot]
    /\ votes \in [Acceptor -> SUBSET (Ballot \X Value)]
    /\ learned \in [Learner -> {NoVote} \cup (Ballot \X Value)]

AnySpec == AnyInit /\ [][Next]_vars

Truths == <<Init, TypeOK, OneBatchPerBallot, VotesSafe, LearnedFromOneBallot,
            VotesBroadcast, Agreement, Integrity>>

SaysState == PrintT(<<"state", Truths>>) /\ PrintT(vars)

Said(action, parameters) ==
    PrintT(<<"step", action, parameters>>) /\ PrintT(vars) /\ PrintT(vars')

SaysSteps ==
    /\ \A v \in Value : Broadcast(v) => Said("Broadcast", <<v>>)
    /\ \A a \in Acceptor, b \in Ballot : Promise(a, b) => Said("Promise", <<a, b>>)
    /\ \A a \in Acceptor, b \in Ballot, v \in Value, Q \in Quorum1 :
           Vote(a, b, v, Q) => Said("Vote", <<a, b, v, Q>>)
    /\ \A l \in Learner, b \in Ballot, v \in Value, Q \in Quorum2 :
           Learn(l, b, v, Q) => Said("Learn", <<l, b, v, Q>>)
===============================================================================
