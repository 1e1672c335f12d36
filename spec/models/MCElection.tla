----------------------------- MODULE MCElection -----------------------------
(***************************************************************************)
(* Models of Election: patience at first, what each step does, and         *)
(* mutants.                                                                *)
(***************************************************************************)
EXTENDS Election

CONSTANT Short   \* the least patience at first, in ticks

(* Each waits a little longer than the one before. *)
Different == [p \in Proposer |-> Short + p - 1]

Equal == [p \in Proposer |-> Short]

-----------------------------------------------------------------------------
(* What is true of each step, whether or not time goes on.  It says more of who may
   say what, and of the order of ballots, than LeaderStays asks for. *)
Steps == Init /\ [][Next]_vars

(* By how much a step may let all rounds slide: the lowest after it is one of these. *)
Slides == {0} \cup {m.bal[1] : m \in msgs}
              \cup UNION {{highest[p][1], highest[p][1] + 1} : p \in Proposer}

Slid(b, d) == <<b[1] - d, b[2]>>

LeadsWithOwn == \A p \in Proposer : leads[p] => highest[p][2] = p

CrashedIsSilent ==
    \A p \in Proposer \ up : /\ ~leads[p] /\ ~gaveUp[p]
                             /\ timer[p] = 0 /\ grown[p] = 1 /\ highest[p] = <<0, 0>>

(* Nobody comes back, and no more crash than may. *)
CrashStop ==
    [][up' \subseteq up /\ Cardinality(up') >= Proposers - MayCrash]_vars

(* The highest ballot that one knows stays; or it has no patience left, and takes over
   with its next own; or it hears of a higher one, and does not lead. *)
HighestRises ==
    [][\E d \in Slides : \A p \in up' :
           \/ highest'[p] = Slid(highest[p], d)
           \/ /\ highest'[p] = Slid(<<highest[p][1] + 1, p>>, d)
              /\ ~leads[p] /\ leads'[p]
           \/ \E m \in msgs : /\ m.to = p /\ Below(highest[p], m.bal)
                               /\ highest'[p] = Slid(m.bal, d) /\ ~leads'[p]]_vars

TakesOverInTime ==
    [][\A p \in Proposer : ~leads[p] /\ leads'[p] => timer[p] = 0 /\ gaveUp'[p]]_vars

(* A heartbeat that is heard is obeyed; but one of a ballot below changes nothing of
   who leads, and when. *)
HeardIsObeyed ==
    [][up' = up /\ Cardinality(msgs') < Cardinality(msgs) =>
           \E m \in msgs, d \in Slides :
               /\ msgs' = {[n EXCEPT !.bal = Slid(@, d)] : n \in msgs \ {m}}
               /\ IF Below(m.bal, highest[m.to])
                  THEN /\ highest'[m.to] = Slid(highest[m.to], d)
                       /\ leads'[m.to] = leads[m.to] /\ timer'[m.to] = timer[m.to]
                  ELSE /\ highest'[m.to] = Slid(m.bal, d)
                       /\ ~leads'[m.to] /\ timer'[m.to] = Patience(m.to)]_vars

(* Whoever leads says something when its time has come, and then waits. *)
SpeaksInTime ==
    [][Cardinality(msgs') > Cardinality(msgs) =>
           \E p \in Proposer : leads'[p] /\ timer[p] = 0 /\ timer'[p] = Beat]_vars

(* Patience doubles, as far as it may, each time that one hears that it gave up a
   leader that is there; and at no other time. *)
PatienceDoubles ==
    [][\A p \in up' :
           \/ grown'[p] = grown[p] /\ (gaveUp[p] => gaveUp'[p])
           \/ /\ \E m \in msgs : m.to = p /\ Below(m.bal, highest[p])
              /\ gaveUp[p] /\ ~gaveUp'[p]
              /\ grown'[p] \in {2 * grown[p], MostGrown}
              /\ grown'[p] <= 2 * grown[p]]_vars

(* Time is the same for messages and for all who wait. *)
TimeIsShared ==
    [][msgs # {} /\ {[m EXCEPT !.left = @ + 1] : m \in msgs'} = msgs =>
           \A p \in up : timer'[p] = timer[p] - 1]_vars

-----------------------------------------------------------------------------
(* Mutants: each stands in, in one .cfg, for the definition that it names. *)

(* Grown: patience does not grow. *)
NeverGrown(n) == n

(* Grown: to the most there is, at the first mistake. *)
GrownAtOnce(n) == MostGrown

(* Repeated: a leader says that it leads when it begins to, and not again. *)
SaysOnce(p) == {}

(* Obey: it hears of a higher ballot, and leads on. *)
LeadsOn(m) ==
    /\ ~Below(m.bal, highest[m.to])
    /\ timer' = [timer EXCEPT ![m.to] = Patience(m.to)]
    /\ Slide(up, [highest EXCEPT ![m.to] = m.bal], msgs \ {m})
    /\ UNCHANGED <<up, leads, grown, gaveUp>>

(* Obey: it hears of any ballot, and takes it for the highest. *)
ObeysAny(m) ==
    /\ leads' = [leads EXCEPT ![m.to] = FALSE]
    /\ timer' = [timer EXCEPT ![m.to] = Patience(m.to)]
    /\ Slide(up, [highest EXCEPT ![m.to] = m.bal], msgs \ {m})
    /\ UNCHANGED <<up, grown, gaveUp>>

(* Notice: it hears of any ballot, and changes nothing. *)
ObeysNone(m) ==
    /\ Slide(up, highest, msgs \ {m})
    /\ UNCHANGED <<up, leads, timer, grown, gaveUp>>

(* TakeLead: before it has lost its patience. *)
TakesOverAtOnce(p) ==
    LET b == <<highest[p][1] + 1, p>>
    IN  /\ p \in up /\ ~leads[p]
        /\ leads' = [leads EXCEPT ![p] = TRUE]
        /\ gaveUp' = [gaveUp EXCEPT ![p] = TRUE]
        /\ timer' = [timer EXCEPT ![p] = Beat]
        /\ Slide(up, [highest EXCEPT ![p] = b], msgs \cup Heartbeats(p, b))
        /\ UNCHANGED <<up, grown>>

(* Repeat: and does not wait. *)
RepeatsAtOnce(p) ==
    /\ p \in up /\ leads[p]
    /\ Slide(up, highest, msgs \cup Repeated(p))
    /\ UNCHANGED <<up, leads, timer, grown, gaveUp>>

(* Crash: it is heard of no more, and believes that it leads. *)
LeadsDead(p) ==
    /\ p \in up /\ Cardinality(up) > Proposers - MayCrash
    /\ up' = up \ {p}
    /\ timer' = [timer EXCEPT ![p] = 0]
    /\ grown' = [grown EXCEPT ![p] = 1]
    /\ UNCHANGED <<leads, gaveUp>>
    /\ Slide(up \ {p}, highest, {m \in msgs : m.to # p})

(* Crash: of one more than may. *)
OneMoreCrashes(p) ==
    /\ p \in up /\ Cardinality(up) > 1
    /\ up' = up \ {p}
    /\ leads' = [leads EXCEPT ![p] = FALSE]
    /\ timer' = [timer EXCEPT ![p] = 0]
    /\ grown' = [grown EXCEPT ![p] = 1]
    /\ gaveUp' = [gaveUp EXCEPT ![p] = FALSE]
    /\ Slide(up \ {p}, highest, {m \in msgs : m.to # p})

(* Tick: messages travel, and timers stand still. *)
OnlyMessagesTick ==
    /\ \A m \in msgs : m.left > 0
    /\ msgs' = {[m EXCEPT !.left = @ - 1] : m \in msgs}
    /\ UNCHANGED <<up, highest, leads, timer, grown, gaveUp>>
===============================================================================
