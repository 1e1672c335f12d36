"""A replica of the store that is told to stop answers what it was asked, and says nothing more."""

from __future__ import annotations

import http.client
import signal
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster.processes import PATIENCE_S
from tests.kv.test_application_page import Stores


@pytest.mark.multicast
def test_who_waits_is_answered_when_a_replica_stops(tmp_path: Path) -> None:
    with Stores(tmp_path) as stores:
        stores.begin()
        for number in (2, 3):  # without them no write is ever done
            stores.processes[f"kv-{number}"].kill()
            stores.processes[f"kv-{number}"].wait()
        address = stores.addresses[0]
        answers: list[tuple[int, bytes]] = []

        def put() -> None:
            with closing(http.client.HTTPConnection(address, timeout=PATIENCE_S)) as connection:
                connection.request("PUT", "/v1/keys/k", b"v")
                response = connection.getresponse()
                answers.append((response.status, response.read()))

        waiting = threading.Thread(target=put)
        waiting.start()
        with closing(http.client.HTTPConnection(address, timeout=PATIENCE_S)) as connection:
            connection.request("GET", "/v1/watch")
            watched = connection.getresponse()
            assert watched.readline() == b"retry: 1000\n"  # so it is being watched
            stores.processes["kv-1"].send_signal(signal.SIGTERM)
            watched.read()
        assert stores.processes["kv-1"].wait(PATIENCE_S) == 0
        waiting.join(PATIENCE_S)
        ((status, said),) = answers
        assert status in (503, 504), said
        log = stores.log("kv-1").read_text(encoding="utf-8")
        assert "Traceback" not in log and "Unhandled" not in log, log
