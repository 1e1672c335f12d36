"""The store under everything that goes wrong, as Jepsen does it: clients on a host of their own
write down what they asked and were told, while a nemesis kills, pauses and cuts off replicas, fills
their disks and sets their clocks. Then: is the history that of one copy, have all replicas the same
keys, and are the traces behaviours of the specification?

    python -m tests.jepsen [--runs N] [--seed N] [--seconds S] [--bug NAME] [--out DIR]

Needs root, iproute2 and network namespaces; with faketime clocks jump too.
"""

import sys

from tests.paths import ROOT

sys.path.append(str(ROOT / "examples"))  # where pytest finds it by its configuration
