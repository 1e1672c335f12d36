--------------------------- MODULE MCSynodInductive ---------------------------
(***************************************************************************)
(* Models of SynodInductive: smaller sets of messages to start with, and a *)
(* conjunct left out.  Each .cfg of this folder that names them says       *)
(* which.                                                                  *)
(***************************************************************************)
EXTENDS SynodInductive, TLC, Randomization

(* SomeMessages, at random: which values each ballot proposed (OneBatchPerBallot is
   not in Inv, so it may be two), who voted, what each acceptor may then have
   reported (a report that could be true in no state is not among them), and which
   ballots were decided. *)
Proposals(vals) == UNION {[type : {"2a"}, bal : {b}, val : vals[b]] : b \in Ballot}

(* For each ballot the value that ValueOf picks. *)
Picked(vals) == [b \in Ballot |->
    IF vals[b] = {} THEN None
    ELSE (CHOOSE m \in {n \in Proposals(vals) : n.bal = b} : TRUE).val]

Cast(val, voted) == UNION {{[type |-> "2b", acc |-> a, bal |-> b] :
                       b \in {c \in voted[a] : val[c] # None}} : a \in Acceptor}

(* Of the votes of an acceptor, the highest below b, and the one in b. *)
HighestBelow(a, b, val, voted) ==
    LET below == {c \in voted[a] : val[c] # None /\ c < b}
    IN  IF below = {} THEN NoVote
        ELSE LET c == CHOOSE c \in below : \A d \in below : d <= c
             IN  <<c, val[c]>>

Report(a, b, vt) == [type |-> "1b", acc |-> a, bal |-> b, vote |-> vt]

Reports(val, voted) == UNION {
    {Report(a, b, HighestBelow(a, b, val, voted)) : b \in Ballot}
    \cup {Report(a, b, <<b, val[b]>>) : b \in {c \in voted[a] : val[c] # None}} :
        a \in Acceptor}

Decisions(ds) == [type : {"Decide"}, bal : ds]

MessagesOf(vals, voted) ==
    LET val == Picked(vals)
    IN  {Proposals(vals) \cup Cast(val, voted) \cup said \cup Decisions(ds) :
            said \in RandomSubset(3, SUBSET Reports(val, voted)),
            ds \in SUBSET Ballot}

Voteds == [Acceptor -> SUBSET Ballot]

RandomMessages == UNION {MessagesOf(vals, voted) :
    vals \in RandomSubset(6, [Ballot -> SUBSET Value]),
    voted \in RandomSubset(6, Voteds)}

(* MessagesAre: all that are possible with OneBatchPerBallot, each found once.
   (Of two proposals ValueOf picks one, and so tells values apart that symmetry
   takes for the same.) *)
EveryMessage ==
    \E val \in [Ballot -> Value \cup {None}] :
        LET proposed == {b \in Ballot : val[b] # None}
            vals     == [b \in Ballot |-> {val[b]} \ {None}]
        IN  \E voted \in [Acceptor -> SUBSET proposed] :
                \E said \in SUBSET Reports(val, voted), ds \in SUBSET proposed :
                    msgs = Proposals(vals) \cup Cast(val, voted) \cup said
                               \cup Decisions(ds) \cup [type : {"1a"}, bal : Ballot]

Symmetry == Permutations(Value) \cup Permutations(Acceptor)

(* SomeVotes: the one that LastVote allows. *)
LastVotes == {[a \in Acceptor |->
    LET voted == {b \in Ballot : HasVoted(a, b)}
    IN  IF voted = {} THEN NoVote
        ELSE LET b == CHOOSE b \in voted : \A c \in voted : c <= b
             IN  <<b, ValueOf(b)>>]}

(* SomeMessages, for mutants: without any 1b. *)
NoReports == SUBSET {m \in Message : m.type \in {"2a", "2b", "Decide"}}

(* A state that a step led to, where a model starts in some of its states only:
   TLC takes one step then. *)
FirstStep == TLCGet("level") < 2

(* In place of a conjunct. *)
LeftOut == TRUE

(* ValueOf: of a ballot without a proposal it is some value, nobody knows which.
   TLC would stop at the CHOOSE from nothing; so here it is a certain one. *)
ValueOrSome(b) == IF Accepts(b) = {} THEN CHOOSE v \in Value : TRUE
                  ELSE (CHOOSE m \in Accepts(b) : TRUE).val
===============================================================================
