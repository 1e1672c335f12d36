----------------------------- MODULE MCGraphSynod -----------------------------
(***************************************************************************)
(* The state graph of Synod, printed: see GraphEdges.  No reduction and no *)
(* symmetry, for each transition is wanted.                                *)
(***************************************************************************)
EXTENDS Synod, GraphEdges

CONSTANT Requests   \* at most so many 1a messages are sent

(* Next, saying which step it takes.  A test holds the two texts equal. *)
GraphNext ==
        \/ \E v \in Value : Broadcast(v) /\ Take(<<"Broadcast", v>>)
        \/ \E b \in Ballot : Phase1a(b) /\ Take(<<"Phase1a", b>>)
        \/ \E a \in Acceptor, b \in Ballot : Phase1b(a, b)
               /\ Take(<<"Phase1b", a, b>>)
        \/ \E b \in Ballot, v \in Value, Q \in Quorum1 : Phase2a(b, v, Q)
               /\ Take(<<"Phase2a", b, v, Q>>)
        \/ \E a \in Acceptor, b \in Ballot : Phase2b(a, b)
               /\ Take(<<"Phase2b", a, b>>)
        \/ \E b \in Ballot, Q \in Quorum2 : Decide(b, Q)
               /\ Take(<<"Decide", b, Q>>)
        \/ \E l \in Learner, b \in Ballot, Q \in Quorum2 : Learn(l, b, Q)
               /\ Take(<<"Learn", l, b, Q>>)
        \/ \E a \in Acceptor : Recover(a) /\ Take(<<"Recover", a>>)

GraphSpec == (Init /\ StartGraph) /\ [][GraphNext]_<<vars, via, number>>

FewRequests == Cardinality({m \in msgs' : m.type = "1a"}) <= Requests

Edge == FewRequests /\ PrintEdge(
    ChangedMessages(msgs, msgs')
    \o Changed("broadcast", broadcast, broadcast')
    \o Changed("promised", promised, promised')
    \o Changed("vote", vote, vote')
    \o Changed("learned", learned, learned')
    \o Changed("votes", votes, votes'))
===============================================================================
