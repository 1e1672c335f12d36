"""Connections of a client to the replicas of the store: one that does not answer is left for the
next one."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

TRY_S = 6.0
"""How long one replica is waited for: longer than it waits for a majority."""

PAUSE_S = 0.1
"""Between two tries."""


class StoreError(Exception):
    """The store has refused, for good; `status` is HTTP's, `version` that of what is there."""

    def __init__(self, status: int, told: dict[str, Any]) -> None:
        super().__init__(told.get("error", f"status {status}"))
        self.status = status
        self.version = int(told.get("version", 0))


class NotKnownError(Exception):
    """No replica has answered in time; a write may be done, now or later."""


class _AgainError(Exception):
    """Another replica may do better."""


class Connection:
    """To one replica at a time."""

    def __init__(self, addresses: Sequence[str], patience_s: float, try_s: float) -> None:
        """The replicas, each HOST:PORT, in the order in which to ask them."""
        self._addresses = list(addresses)
        self._patience_s, self._try_s = patience_s, try_s
        self._open: http.client.HTTPConnection | None = None

    @property
    def address(self) -> str:
        """Of the replica that is asked next."""
        return self._addresses[0]

    def close(self) -> None:
        """Let go of it."""
        if self._open:
            self._open.close()
        self._open = None

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[http.client.HTTPMessage, bytes]:
        """The answer to a request, which is sent until there is one. Raises `StoreError` or
        `NotKnownError`."""
        until_s = time.monotonic() + self._patience_s
        while True:
            try:
                return self._once(method, path, body, headers or {})
            except (OSError, http.client.HTTPException, _AgainError) as error:
                self.close()
                self._addresses.append(self._addresses.pop(0))
                if time.monotonic() > until_s:
                    raise NotKnownError(f"no answer in {self._patience_s:g} s: {error}") from error
                time.sleep(PAUSE_S)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPMessage, bytes]:
        if self._open is None:
            self._open = http.client.HTTPConnection(self.address, timeout=self._try_s)
        self._open.request(method, path, body, dict(headers))
        response = self._open.getresponse()
        content = response.read()
        if response.status in (503, 504):
            raise _AgainError(json.loads(content)["error"])
        if response.status >= 400:
            raise StoreError(response.status, json.loads(content))
        return response.headers, content
