--------------------------- MODULE MCGraphMultiPaxos ---------------------------
(***************************************************************************)
(* The state graph of MultiPaxos, printed: see GraphEdges.  No reduction   *)
(* and no symmetry, for each transition is wanted.                         *)
(***************************************************************************)
EXTENDS MultiPaxos, GraphEdges

CONSTANTS Requests,  \* at most so many 1a messages are sent
          Crashes,   \* whether processes come back with what nobody has seen
          Blank      \* whether learners without a checkpoint restart

(* Before, for FIFO: the values are two of each client, v1 and v2, v3 and v4. *)
FirstOfTwo(v) ==
    LET second == {<<"v2", "v1">>, <<"v4", "v3">>}
    IN  {w \in Value : <<ToString(v), ToString(w)>> \in second}

(* Later, for sessions: v1, v2 and so on are of one client, of one life each. *)
NextLives(v) ==
    LET lives == <<"v1", "v2", "v3">>
        LifeOf(w) == CHOOSE k \in 1..Len(lives) : lives[k] = ToString(w)
    IN  {w \in Value : LifeOf(w) > LifeOf(v)}

(* Next, saying which step it takes.  A test holds the two texts equal. *)
GraphNext ==
        \/ \E v \in Value : Broadcast(v) /\ Take(<<"Broadcast", v>>)
        \/ \E b \in Ballot, from, to \in Instance : Phase1a(b, from, to)
               /\ Take(<<"Phase1a", b, from, to>>)
        \/ \E a \in Acceptor, b \in Ballot, from, to \in Instance :
               Phase1b(a, b, from, to) /\ Take(<<"Phase1b", a, b, from, to>>)
        \/ \E b \in Ballot, i \in Instance, batch \in Batch, Q \in Quorum1 :
               Phase2a(b, i, batch, Q) /\ Take(<<"Phase2a", b, i, batch, Q>>)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : Phase2b(a, b, i)
               /\ Take(<<"Phase2b", a, b, i>>)
        \/ \E b \in Ballot, i \in Instance, Q \in Quorum2 : Decide(b, i, Q)
               /\ Take(<<"Decide", b, i, Q>>)
        \/ \E l \in Learner, b \in Ballot, i \in Instance, Q \in Quorum2 :
               Learn(l, b, i, Q) /\ Take(<<"Learn", l, b, i, Q>>)
        \/ \E l \in Learner, i \in Instance : Deliver(l, i)
               /\ Take(<<"Deliver", l, i>>)
        \/ \E l \in Learner : TakeSnapshot(l) /\ Take(<<"TakeSnapshot", l>>)
        \/ \E l \in Learner : Checkpoint(l) /\ Take(<<"Checkpoint", l>>)
        \/ \E l \in Learner : Restart(l) /\ Take(<<"Restart", l>>)
        \/ \E l \in Learner : SendSnapshot(l) /\ Take(<<"SendSnapshot", l>>)
        \/ \E l \in Keeps, m \in msgs : InstallSnapshot(l, m)
               /\ Take(<<"InstallSnapshot", l, m>>)
        \/ \E a \in Acceptor, i \in Instance : Trim(a, i)
               /\ Take(<<"Trim", a, i>>)
        \/ \E a \in Acceptor : Recover(a) /\ Take(<<"Recover", a>>)
        \/ \E a \in Acceptor, b \in Ballot, s \in Scopes : RecoverPromise(a, b, s)
               /\ Take(<<"RecoverPromise", a, b, s>>)
        \/ \E a \in Acceptor, b \in Ballot, i \in Instance : RecoverVote(a, b, i)
               /\ Take(<<"RecoverVote", a, b, i>>)
        \/ \E l \in Learner : RecoverCheckpoint(l)
               /\ Take(<<"RecoverCheckpoint", l>>)
        \/ \E l \in Keeps, m \in msgs : RecoverInstall(l, m)
               /\ Take(<<"RecoverInstall", l, m>>)
        \/ \E a \in Acceptor, i \in Instance : Repeat(a, i)
               /\ Take(<<"Repeat", a, i>>)

GraphSpec == (Init /\ StartGraph) /\ [][GraphNext]_<<vars, via, number>>

FewRequests == Cardinality({m \in msgs' : m.type = "1a"}) <= Requests

NoCrash == via'[1] \notin {"RecoverPromise", "RecoverVote", "RecoverCheckpoint",
                           "RecoverInstall"}

NoBlank == \A m \in msgs' : m.type = "Checkpointed" => m.inst > 0

Edge == FewRequests /\ (Crashes \/ NoCrash) /\ (Blank \/ NoBlank) /\ PrintEdge(
    ChangedMessages(msgs, msgs')
    \o Changed("broadcast", broadcast, broadcast')
    \o Changed("promised", promised, promised')
    \o Changed("vote", vote, vote')
    \o Changed("trimmed", trimmed, trimmed')
    \o Changed("learned", learned, learned')
    \o Changed("prefix", prefix, prefix')
    \o Changed("delivered", delivered, delivered')
    \o Changed("known", known, known')
    \o Changed("taken", taken, taken')
    \o Changed("checkpoint", checkpoint, checkpoint')
    \o Changed("votes", votes, votes')
    \o Changed("chosen", chosen, chosen')
    \o Changed("order", order, order'))
===============================================================================
