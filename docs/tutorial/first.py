"""One value is chosen, and nobody is in the way. Usage: first.py FOLDER"""

import sys

from hand import Hand

run = Hand(sys.argv[1])
run.broadcast(1, "red")
run.prepare((1, 1))
run.promise(1, (1, 1))
run.promise(2, (1, 1))
run.propose((1, 1), "red", quorum=[1, 2])
run.vote(1, (1, 1))
run.vote(2, (1, 1))
run.decide((1, 1), quorum=[1, 2])
run.learn(1, (1, 1), "red")
run.learn(2, (1, 1), "red")
