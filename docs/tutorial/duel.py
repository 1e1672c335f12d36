"""Two proposers, each of which is faster than the other's votes. Usage: duel.py FOLDER ROUNDS"""

import sys

from hand import Hand

run = Hand(sys.argv[1])
run.broadcast(1, "red")
run.broadcast(2, "blue")
for round in range(1, int(sys.argv[2]) + 1):
    for proposer, word in ((1, "red"), (2, "blue")):
        ballot = (round, proposer)
        run.prepare(ballot)
        run.promise(1, ballot)
        run.promise(2, ballot)  # with this, every vote in the ballot before comes too late
        run.propose(ballot, word, quorum=[1, 2])
