------------------------------- MODULE Election -------------------------------
(***************************************************************************)
(* How a leader emerges among proposers: what *Live.tla assume, that one   *)
(* leader is left alone in the end, and core/election.py does.             *)
(*                                                                         *)
(* A leader says so again and again (heartbeats).  A proposer that hears   *)
(* nothing of the highest ballot it knows for longer than its patience     *)
(* takes a higher ballot, and leads.  If it then hears that the leader it  *)
(* gave up is there, it was wrong: its patience grows.                     *)
(*                                                                         *)
(* Links are timely in the end: what is said is heard within Delay ticks.  *)
(* No proposer knows Delay.  Nothing is known of the time before that, so  *)
(* a behaviour begins in any state that it may have left.  This is partial *)
(* synchrony (Dwork, Lynch and Stockmeyer, 1988), and what is elected is   *)
(* the failure detector Omega (Chandra, Hadzilacos and Toueg, 1996).       *)
(***************************************************************************)
EXTENDS Integers, FiniteSets

CONSTANTS Proposers,   \* how many proposers: they are 1..Proposers
          Beat,        \* ticks from one heartbeat to the next
          Delay,       \* ticks that a message may take
          Start,       \* Start[p]: the patience of p at first, in ticks
          MostGrown,   \* by what factor patience may grow
          MayCrash     \* how many proposers may crash

Proposer == 1..Proposers

VARIABLES up,       \* the proposers that have not crashed
          highest,  \* highest[p]: the highest ballot that p has heard of
          leads,    \* leads[p]: p believes that it leads, with that ballot
          timer,    \* timer[p]: ticks until p says something, or takes over
          grown,    \* grown[p]: by what factor the patience of p has grown
          gaveUp,   \* gaveUp[p]: p has taken over, and not heard that it was wrong
          msgs      \* heartbeats under way

vars == <<up, highest, leads, timer, grown, gaveUp, msgs>>

(* A ballot is the pair <<round, proposer>>, and this is their order. *)
Below(b, c) == b[1] < c[1] \/ (b[1] = c[1] /\ b[2] < c[2])

Patience(p) == Start[p] * grown[p]

(* Rounds rise for ever, where a leader does not stay; but nobody looks at more of
   them than their order.  So the lowest that is about is subtracted from all, and
   there are finitely many states. *)
Slide(live, ballots, heartbeats) ==
    LET rounds == {ballots[p][1] : p \in live} \cup {m.bal[1] : m \in heartbeats}
        low    == CHOOSE r \in rounds : \A s \in rounds : r <= s
    IN  /\ highest' = [p \in Proposer |->
               IF p \in live THEN <<ballots[p][1] - low, ballots[p][2]>> ELSE <<0, 0>>]
        /\ msgs' = {[m EXCEPT !.bal = <<@[1] - low, @[2]>>] : m \in heartbeats}

-----------------------------------------------------------------------------
(* Heartbeats of ballot b to all others. *)
Heartbeats(p, b) ==
    {[type |-> "Heartbeat", to |-> q, bal |-> b, left |-> Delay] : q \in up \ {p}}

(* A leader repeats them. *)
Repeated(p) == Heartbeats(p, highest[p])

Repeat(p) ==
    /\ p \in up /\ leads[p] /\ timer[p] = 0
    /\ timer' = [timer EXCEPT ![p] = Beat]
    /\ Slide(up, highest, msgs \cup Repeated(p))
    /\ UNCHANGED <<up, leads, grown, gaveUp>>

(* A proposer has lost its patience. *)
TakeLead(p) ==
    LET b == <<highest[p][1] + 1, p>>
    IN  /\ p \in up /\ ~leads[p] /\ timer[p] = 0
        /\ leads' = [leads EXCEPT ![p] = TRUE]
        /\ gaveUp' = [gaveUp EXCEPT ![p] = TRUE]
        /\ timer' = [timer EXCEPT ![p] = Beat]
        /\ Slide(up, [highest EXCEPT ![p] = b], msgs \cup Heartbeats(p, b))
        /\ UNCHANGED <<up, grown>>

(* Patience grows. *)
Grown(n) == IF 2 * n > MostGrown THEN MostGrown ELSE 2 * n

(* Proposer p hears of a ballot that is not below its own: it keeps quiet, and waits
   as long as its patience goes. *)
Obey(m) ==
    LET p == m.to
    IN  /\ m \in msgs
        /\ ~Below(m.bal, highest[p])
        /\ leads' = [leads EXCEPT ![p] = FALSE]
        /\ timer' = [timer EXCEPT ![p] = Patience(p)]
        /\ Slide(up, [highest EXCEPT ![p] = m.bal], msgs \ {m})
        /\ UNCHANGED <<up, grown, gaveUp>>

(* Or it hears one that leads in a ballot below.  Having taken over since, it was
   wrong to.  One mistake counts once: there may be more heartbeats under way. *)
Notice(m) ==
    LET p == m.to
    IN  /\ m \in msgs
        /\ Below(m.bal, highest[p])
        /\ grown' = [grown EXCEPT ![p] = IF gaveUp[p] THEN Grown(@) ELSE @]
        /\ gaveUp' = [gaveUp EXCEPT ![p] = FALSE]
        /\ Slide(up, highest, msgs \ {m})
        /\ UNCHANGED <<up, leads, timer>>

(* A proposer crashes, for good.  What it has said is heard. *)
Crash(p) ==
    /\ p \in up
    /\ Cardinality(up) > Proposers - MayCrash
    /\ up' = up \ {p}
    /\ leads' = [leads EXCEPT ![p] = FALSE]
    /\ timer' = [timer EXCEPT ![p] = 0]
    /\ grown' = [grown EXCEPT ![p] = 1]
    /\ gaveUp' = [gaveUp EXCEPT ![p] = FALSE]
    /\ Slide(up \ {p}, highest, {m \in msgs : m.to # p})

(* Time goes on, where nothing is due. *)
Tick ==
    /\ \A p \in up : timer[p] > 0
    /\ \A m \in msgs : m.left > 0
    /\ timer' = [p \in Proposer |-> IF p \in up THEN timer[p] - 1 ELSE 0]
    /\ msgs' = {[m EXCEPT !.left = @ - 1] : m \in msgs}
    /\ UNCHANGED <<up, highest, leads, grown, gaveUp>>

-----------------------------------------------------------------------------
(* Any state that there may be when links begin to be timely; but that patience has
   not grown, and what was said before is lost.  Who has heard of a ballot has heard
   of one that its owner has used. *)
Init ==
    /\ up = Proposer
    /\ highest \in [Proposer -> (0..1) \X Proposer]
    /\ \A p \in Proposer : ~Below(highest[highest[p][2]], highest[p])
    /\ leads \in [Proposer -> BOOLEAN]
    /\ \A p \in Proposer : leads[p] => highest[p][2] = p
    /\ timer \in {t \in [Proposer -> 0..(Start[Proposers] + Beat)] :
                     \A p \in Proposer : t[p] <= IF leads[p] THEN Beat ELSE Start[p]}
    /\ grown = [p \in Proposer |-> 1]
    /\ gaveUp \in [Proposer -> BOOLEAN]
    /\ msgs = {}

Next == \/ \E p \in Proposer : Repeat(p)
        \/ \E p \in Proposer : TakeLead(p)
        \/ \E m \in msgs : Obey(m)
        \/ \E m \in msgs : Notice(m)
        \/ \E p \in Proposer : Crash(p)
        \/ Tick

(* Something happens for ever; and as only finitely much happens at one moment, time
   goes on. *)
Spec == Init /\ [][Next]_vars /\ WF_vars(Next)

TypeOK ==
    /\ up \subseteq Proposer /\ up # {}
    /\ highest \in [Proposer -> Nat \X (0..Proposers)]
    /\ leads \in [Proposer -> BOOLEAN]
    /\ \A p \in Proposer : /\ timer[p] \in 0..(Start[p] * MostGrown + Beat)
                           /\ grown[p] \in 1..MostGrown
    /\ gaveUp \in [Proposer -> BOOLEAN]
    /\ msgs \subseteq [type : {"Heartbeat"}, to : up, bal : Nat \X Proposer,
                       left : 0..Delay]

(* Proposer p leads, and all the others know it. *)
LeadsAlone(p) ==
    /\ p \in up /\ leads[p]
    /\ \A q \in up \ {p} : ~leads[q] /\ highest[q] = highest[p]

(* In the end one leads, and nobody takes over any more. *)
LeaderStays == \E p \in Proposer : <>[]LeadsAlone(p)
===============================================================================
