"""A schedule, run: links are opened, its steps are done one after the other, then all is ended.

Waiting is the only thing that steps do not do at once; the links work meanwhile, in the same event
loop.
"""

from __future__ import annotations

import asyncio
import re
import resource
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import UNSET

from conformance.relay.faults import Faults
from conformance.relay.links import Addresses, expand, links, own_addresses
from conformance.relay.processes import STOP_S, Processes
from conformance.relay.schedule import Schedule, ScheduleError, Step, Wait
from conformance.relay.tcp import MAX_CONNECTIONS, TcpLinks
from conformance.relay.udp import UdpLinks

LOOK_S = 0.02
"""How often a wait looks whether it is over."""

DESCRIPTORS = 100
"""What the relay needs besides links, connections and processes."""

Say = Callable[[str], None]


class StepError(Exception):
    """A step cannot be done, or what it waits for does not come. One line."""


class Script:
    """One run of a schedule in a folder."""

    def __init__(self, schedule: Schedule, folder: Path, say: Say) -> None:
        self.schedule = schedule
        self.folder = folder
        self.say = say
        self.faults = Faults.of(schedule)
        self.addresses = Addresses()
        tcp = schedule.protocol == "tcp"
        self.links: TcpLinks | UdpLinks = (TcpLinks if tcp else UdpLinks)(
            self.faults, self.addresses
        )
        self.processes = Processes(folder)

    async def run(self, started: Callable[[Addresses], None]) -> None:
        """Do it all. `started` is called when the links are open. Without steps it goes on until it
        is cancelled. Raises `ScheduleError`, `StepError` or `ProcessError`."""
        await self._open()
        try:
            started(self.addresses)
            with self.processes:
                self._start_clock_s = time.monotonic()
                for number, step in enumerate(self.schedule.steps, 1):
                    self.say(f"{self._elapsed_s():8.3f} s  {step.words}")
                    await self._do(number, step)
                if not self.schedule.steps:
                    await asyncio.Event().wait()
                self.say(f"{self._elapsed_s():8.3f} s  end")
        finally:
            await self.links.close()

    def _elapsed_s(self) -> float:
        return time.monotonic() - self._start_clock_s

    async def _open(self) -> None:
        schedule = self.schedule
        try:
            wanted = links(schedule)
            _allow_descriptors(len(wanted) + 3 * len(schedule.nodes))
            with own_addresses(schedule) as self.addresses.own:
                for k, link in enumerate(wanted):
                    first = schedule.first_port
                    await self.links.open(link, 0 if first is None else first + k)
            for name, node in schedule.nodes.items():
                if node.file is not UNSET:
                    path = self.folder / f"{name}.conf"
                    path.write_text(self._expand(node.file, name), encoding="utf-8")
        except (OSError, OverflowError) as error:
            raise ScheduleError(f"the links cannot be opened: {error}; see first_port") from None
        except ValueError as error:
            raise ScheduleError(str(error)) from None

    def _expand(self, text: str, name: str) -> str:
        return expand(text, name, self.addresses, self.folder)

    async def _do(self, number: int, step: Step) -> None:
        try:
            if step.kind == "wait":
                await self._wait(step.value, step.names)
            elif step.kind == "stop":
                await self._stop(step)
            else:
                ACTIONS[step.kind](self, step)
        except (StepError, ValueError) as error:
            raise StepError(f"steps, number {number}, {step.kind}: {error}") from None

    # -- steps ----------------------------------------------------------------------------------
    def _start(self, step: Step) -> None:
        for name in step.names:
            node = self.schedule.nodes[name]
            command = [self._expand(word, name) for word in node.command]
            environment = {k: self._expand(v, name) for k, v in node.environment.items()}
            self.processes.start(name, command, environment)

    async def _stop(self, step: Step) -> None:
        self.processes.ask_to_end(*step.names)
        until_s = time.monotonic() + STOP_S
        while self.processes.alive_of(step.names) and time.monotonic() < until_s:
            await asyncio.sleep(LOOK_S)
        for name in self.processes.alive_of(step.names):
            self.say(f"            {name} did not end by SIGTERM, and is killed")
            self.processes.kill(name)

    def _kill(self, step: Step) -> None:
        self.processes.kill(*step.names)

    def _pause(self, step: Step) -> None:
        for name in step.names:
            self.processes.send_signal(name, signal.SIGSTOP)

    def _resume(self, step: Step) -> None:
        for name in step.names:
            self.processes.send_signal(name, signal.SIGCONT)

    def _tell(self, step: Step) -> None:
        self.processes.tell(step.value.to, self._expand(step.value.line, step.value.to))

    def _link(self, step: Step) -> None:
        self.faults.add(step.value)

    def _partition(self, step: Step) -> None:
        self.faults.partition(step.groups)

    def _heal(self, step: Step) -> None:
        self.faults.heal(step.value)

    def _end_connections(self, step: Step) -> None:
        assert isinstance(self.links, TcpLinks)
        ended = self.links.end(step.value, reset=step.kind == "reset")
        self.say(f"            connections ended: {ended}")

    # -- waiting --------------------------------------------------------------------------------
    async def _wait(self, wait: Wait, names: tuple[str, ...]) -> None:
        if wait.seconds is not UNSET:
            until_s = time.monotonic() + wait.seconds
            while (left_s := until_s - time.monotonic()) > 0:
                await asyncio.sleep(min(left_s, 1.0))
                self._report_ends()
            return
        until_s = time.monotonic() + wait.within_s
        passed = self._passed_on(wait)
        while True:
            if names:
                left = self.processes.alive_of(names)
                over, found = not left, f"{', '.join(left)} still running"
            elif wait.datagrams is not UNSET:
                count = self._passed_on(wait) - passed
                over, found = count >= wait.datagrams, f"{count} of {wait.datagrams} passed on"
            else:
                count = self._lines(wait)
                over, found = count >= wait.count, f"found in {count} of {wait.count} lines"
            if over:
                return
            self._report_ends()
            if time.monotonic() > until_s:
                raise StepError(f"not within {wait.within_s:g} s: {found}")
            await asyncio.sleep(LOOK_S)

    def _passed_on(self, wait: Wait) -> int:
        return sum(
            n
            for (source, to, what), n in self.faults.counts.items()
            if what == "passed on" and wait.matches(source, to)
        )

    def _lines(self, wait: Wait) -> int:
        """How many whole lines of the files have what is asked for."""
        assert isinstance(wait.file, str)
        patterns = [re.compile(pattern) for pattern in wait.patterns]
        found = 0
        for path in self.folder.glob(wait.file):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            found += sum(all(p.search(line) for p in patterns) for line in lines)
        return found

    def _report_ends(self) -> None:
        for name in self.processes.look():
            self.say(f"            {name} has ended{self.processes.how(name)}")


ACTIONS: Mapping[str, Callable[[Script, Step], None]] = {
    "start": Script._start,
    "kill": Script._kill,
    "pause": Script._pause,
    "resume": Script._resume,
    "tell": Script._tell,
    "link": Script._link,
    "partition": Script._partition,
    "heal": Script._heal,
    "cut": Script._end_connections,
    "reset": Script._end_connections,
}


def _allow_descriptors(links_and_processes: int) -> None:
    """Raises `ScheduleError` if this process may not have as many files open as are needed."""
    needed = links_and_processes + 2 * MAX_CONNECTIONS + DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise ScheduleError(f"{needed} descriptors are needed; allow more (ulimit -Hn)")
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
