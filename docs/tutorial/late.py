"""Acceptor 1 votes in a ballot below its promise, and so two values are chosen.

Usage: late.py FOLDER
"""

import sys

from hand import Hand

run = Hand(sys.argv[1])
run.broadcast(1, "red")
run.broadcast(2, "blue")
run.prepare((1, 1))
run.promise(1, (1, 1))
run.promise(2, (1, 1))
run.propose((1, 1), "red", quorum=[1, 2])
run.vote(2, (1, 1))
run.prepare((1, 2))
run.promise(1, (1, 2))
run.promise(3, (1, 2))
run.propose((1, 2), "blue", quorum=[1, 3])  # neither of the two has a vote to report
run.vote(1, (1, 1))  # but acceptor 1 had promised (1, 2)
run.vote(1, (1, 2))
run.vote(3, (1, 2))
run.decide((1, 1), quorum=[1, 2])
run.decide((1, 2), quorum=[1, 3])
run.learn(1, (1, 1), "red")
run.learn(2, (1, 2), "blue")
