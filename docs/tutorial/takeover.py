"""Proposer 1 falls silent half-way, and proposer 2 takes over. Usage: takeover.py FOLDER [WORD]"""

import sys

from hand import Hand

word = sys.argv[2] if len(sys.argv) > 2 else "red"
run = Hand(sys.argv[1])
run.broadcast(1, "red")
run.broadcast(2, "blue")
run.prepare((1, 1))
run.promise(1, (1, 1))
run.promise(2, (1, 1))
run.propose((1, 1), "red", quorum=[1, 2])
run.vote(2, (1, 1))  # and then nothing more is heard of proposer 1
run.prepare((1, 2))
run.promise(2, (1, 2), vote=((1, 1), "red"))
run.promise(3, (1, 2))
run.propose((1, 2), word, quorum=[2, 3])
run.vote(2, (1, 2))
run.vote(3, (1, 2))
run.decide((1, 2), quorum=[2, 3])
run.learn(1, (1, 2), word)
run.learn(2, (1, 2), word)
