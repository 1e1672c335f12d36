"""Something that the user is told once, in a line, when it begins, and again when it changes or is
over."""

from collections.abc import Callable, Hashable

from paxos.runtime.report import say


class Notice:
    """One such thing, of one process."""

    def __init__(self, process: str, out: Callable[[str], None] = say) -> None:
        self._process = process
        self._out = out
        self._kind: Hashable = None

    def update(self, kind: Hashable, text: str, over: str = "") -> None:
        """How it is now. `kind` is what must change for `text` to be said again; None: all is
        well, and if it was not, `over` is said."""
        if kind == self._kind:
            return
        self._kind = kind
        if kind is not None:
            self._out(f"{self._process}: {text}")
        elif over:
            self._out(f"{self._process}: {over}")
