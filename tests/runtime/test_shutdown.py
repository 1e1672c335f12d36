"""Stopping: a signal reaches the main thread, whichever thread it was given to."""

from __future__ import annotations

import subprocess
import sys

from tests.cluster.processes import ENVIRONMENT

SCRIPT = """
import signal, threading, time
from paxos.runtime.shutdown import Stop

def interrupt():
    time.sleep(0.3)  # by then the main thread waits; if not, it hears of the signal anyhow
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

stop = Stop()
stop.on_signals()
threading.Thread(target=interrupt).start()
print(stop.wait())
"""


def test_a_signal_that_another_thread_was_given_stops_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=ENVIRONMENT,
    )
    assert done.stdout == "True\n", done.stderr
