------------------------------- MODULE AnySynod -------------------------------
(***************************************************************************)
(* States of Synod that have the right types, those that the test draws,   *)
(* reached or not, with what each definition of the invariant says of      *)
(* them, and all steps from each.  The tests of the encoding read what     *)
(* this prints.                                                            *)
(***************************************************************************)
EXTENDS SynodInductive, TLC

CONSTANT Drawn  \* states: values of the variables, in the order of AnyInit

(* A state that a step led to: no step is taken from there. *)
FirstStep == TLCGet("level") < 2

AnyInit == \E s \in Drawn :
    /\ broadcast = s[1] /\ msgs = s[2] /\ promised = s[3] /\ vote = s[4]
    /\ learned = s[5] /\ votes = s[6]

AnySpec == AnyInit /\ [][Next]_vars

Truths == <<Init, TypeOK, OneBatchPerBallot, ProposalsSafe, ProposalsBroadcast,
            VotesProposed, LastVote, VotesBelowPromise, PromisesTrue,
            DecisionsChosen, LearnedDecided, Agreement, Integrity>>

SaysState == PrintT(<<"state", Truths>>) /\ PrintT(vars)

Said(action, parameters) ==
    PrintT(<<"step", action, parameters>>) /\ PrintT(vars) /\ PrintT(vars')

SaysSteps ==
    /\ \A v \in Value : Broadcast(v) => Said("Broadcast", <<v>>)
    /\ \A b \in Ballot : Phase1a(b) => Said("Phase1a", <<b>>)
    /\ \A a \in Acceptor, b \in Ballot : Phase1b(a, b) => Said("Phase1b", <<a, b>>)
    /\ \A b \in Ballot, v \in Value, Q \in Quorum1 :
           Phase2a(b, v, Q) => Said("Phase2a", <<b, v, Q>>)
    /\ \A a \in Acceptor, b \in Ballot :
           Phase2b(a, b) => Said("Phase2b", <<a, b, ValueOf(b)>>)
    /\ \A b \in Ballot, Q \in Quorum2 : Decide(b, Q) => Said("Decide", <<b, Q>>)
    /\ \A l \in Learner, b \in Ballot, Q \in Quorum2 :
           Learn(l, b, Q) => Said("Learn", <<l, b, Q, ValueOf(b)>>)
    /\ \A a \in Acceptor : Recover(a) => Said("Recover", <<a>>)
===============================================================================
