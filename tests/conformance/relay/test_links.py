"""The links of the relay, between sockets of the test: datagrams and connections."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from conformance.relay import tcp, udp
from conformance.relay.faults import Faults
from conformance.relay.links import HOST, Addresses, own_addresses
from conformance.relay.schedule import Between, Node, Rule, Schedule
from conformance.relay.tcp import TcpLinks
from conformance.relay.udp import UdpLinks

PATIENCE_S = 30.0


class Udp:
    """Nodes `a` and `b`, with the links between them."""

    def __init__(self, *rules: Rule, seed: int = 1, a_listens: bool = True) -> None:
        self.sockets = {name: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for name in "ab"}
        for sock in self.sockets.values():
            sock.bind((HOST, 0))
            sock.setblocking(False)
        own = {name: sock.getsockname() for name, sock in self.sockets.items()}
        self.addresses = Addresses(own if a_listens else {"b": own["b"]})
        self.faults = Faults(seed, False, rules, {"loud": b"!"})
        self.links = UdpLinks(self.faults, self.addresses)

    async def __aenter__(self) -> Udp:
        for link in (("a", "b"), ("b", "a")):
            await self.links.open(link, 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.links.close()
        for sock in self.sockets.values():
            sock.close()

    def say(self, *words: str, source: str = "a", to: str = "b") -> None:
        for word in words:
            self.sockets[source].sendto(word.encode(), self.addresses.links[source, to])

    async def hear(self, count: int, at: str = "b") -> list[str]:
        """The next datagrams; fails if they do not come."""
        loop = asyncio.get_running_loop()
        read = [loop.sock_recv(self.sockets[at], 100) for _ in range(count)]
        return [(await asyncio.wait_for(each, PATIENCE_S)).decode() for each in read]

    async def received(self, count: int) -> None:
        """The relay has had so many from `a`."""
        await until(lambda: self.faults.counts["a", "b", "received"] >= count)

    def count(self, what: str) -> int:
        return self.faults.counts["a", "b", what]


async def until(condition: Callable[[], Any]) -> None:
    async def look() -> None:
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), PATIENCE_S)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]


def words(count: int) -> list[str]:
    return [str(n) for n in range(count)]


def test_a_free_address_is_kept_until_the_links_have_theirs() -> None:
    nodes = {"a": Node(run="x {bind}"), "b": Node(run="x {bind}"), "c": Node(run="x")}
    schedule = Schedule(0, "udp", None, nodes, {}, (), ())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        with own_addresses(schedule) as own:
            assert set(own) == {"a", "b"}
            with pytest.raises(OSError):
                other.bind(own["a"])
        other.bind(own["a"])


def test_datagrams_pass_both_ways_from_the_address_that_the_other_is_known_by() -> None:
    async def test() -> None:
        async with Udp() as net:
            net.say("question")
            loop = asyncio.get_running_loop()
            data, sender = await asyncio.wait_for(
                loop.sock_recvfrom(net.sockets["b"], 100), PATIENCE_S
            )
            assert (data, sender) == (b"question", net.addresses.links["b", "a"])
            net.sockets["b"].sendto(b"answer", sender)
            assert await net.hear(1, at="a") == ["answer"]

    run(test)


def test_who_has_no_address_is_answered_where_it_spoke_from() -> None:
    async def test() -> None:
        async with Udp(a_listens=False) as net:
            net.say("too early", source="b", to="a")
            await until(lambda: [c for c in net.faults.counts if c[2].startswith("dropped: a")])
            net.say("question")
            await net.hear(1)
            net.say("answer", source="b", to="a")
            assert await net.hear(1, at="a") == ["answer"]

    run(test)


def test_a_seed_decides_which_datagrams_of_a_link_are_lost() -> None:
    async def heard(seed: int) -> list[str]:
        async with Udp(Rule(loss=0.4, duplicate=0.3), seed=seed) as net:
            for word in words(60):
                net.say(word)
                await net.received(int(word) + 1)
            return await net.hear(net.count("passed on"))

    async def test() -> None:
        first, again, other = await heard(1), await heard(1), await heard(2)
        assert first == again != other
        assert 20 < len(set(first)) < 50 and len(first) > len(set(first))

    run(test)


def test_only_the_messages_that_a_rule_is_about_are_lost() -> None:
    async def test() -> None:
        async with Udp(Rule(message="loud", loss=1)) as net:
            net.say("one!", "two", "three!", "four")
            assert await net.hear(2) == ["two", "four"]
            await net.received(4)
            assert net.count("lost") == 2

    run(test)


def test_one_that_is_overtaken_comes_after_the_next_or_after_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test() -> None:
        async with Udp() as net:
            monkeypatch.setattr(udp, "OVERTAKEN_S", 1000)
            net.faults.add(Rule(reorder=1))
            net.say("first")
            await net.received(1)
            net.faults.add(Rule(stall=True))
            net.say("held")
            net.faults.add(Rule(delay_ms=60_000))
            net.say("late")
            await net.received(3)
            assert net.count("passed on") == 0  # neither has overtaken it
            net.faults.add(Rule(loss=0))
            net.say("second")
            assert await net.hear(2) == ["second", "first"]
        async with Udp() as net:
            monkeypatch.setattr(udp, "OVERTAKEN_S", 0.01)
            net.faults.add(Rule(reorder=1))
            net.say("alone")
            assert await net.hear(1) == ["alone"]
            assert net.links.held == net.links.held_bytes == 0

    run(test)


def test_a_delay_holds_a_datagram_back() -> None:
    async def test() -> None:
        async with Udp() as net:
            net.faults.add(Rule(delay_ms=200))
            net.say("slow")
            await net.received(1)
            net.faults.heal()
            net.say("quick")
            assert await net.hear(2) == ["quick", "slow"]

    run(test)


def test_what_is_stalled_comes_when_it_is_healed() -> None:
    async def test() -> None:
        async with Udp() as net:
            net.faults.add(Rule(stall=True))
            net.say(*words(5))
            await net.received(5)
            assert net.count("passed on") == 0
            net.faults.heal("partition")
            assert net.count("passed on") == 0
            net.faults.heal()
            assert await net.hear(5) == words(5)
            assert net.links.held == net.links.held_bytes == 0

    run(test)


def test_a_partition_loses_datagrams_and_ends() -> None:
    async def test() -> None:
        async with Udp() as net:
            net.faults.partition((("a",), ("b",)))
            net.say(*words(3))
            await net.received(3)
            net.faults.heal()
            net.say("after")
            assert await net.hear(1) == ["after"]

    run(test)


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(udp, "MAX_HELD", 3)
        async with Udp(Rule(stall=True)) as net:
            net.say(*words(5))
            await net.received(5)
            assert net.links.held == 3 and net.count("dropped: too many are held") == 2
        monkeypatch.setattr(udp, "MAX_HELD_BYTES", 3)
        monkeypatch.setattr(udp, "MAX_HELD", 100)
        async with Udp(Rule(stall=True)) as net:
            net.say("12", "34")
            await net.received(2)
            assert net.links.held_bytes == 2

    run(test)


# -- TCP ----------------------------------------------------------------------------------------
class Tcp:
    """A server `b` that says everything again, in capitals; and the links to and from it."""

    def __init__(self, *rules: Rule) -> None:
        self.faults = Faults(1, True, rules, {})
        self.addresses = Addresses()
        self.links = TcpLinks(self.faults, self.addresses)
        self.ends: list[str] = []  # how connections ended, as the server saw it

    async def __aenter__(self) -> Tcp:
        self.server = await asyncio.start_server(self._serve, HOST, 0)
        self.addresses.own["b"] = self.server.sockets[0].getsockname()
        await self.links.open(("a", "b"), 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.links.close()
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(100_000):
                writer.write(data.upper())
            self.ends.append("closed")
        except ConnectionResetError:
            self.ends.append("reset")
        finally:
            writer.close()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.addresses.links["a", "b"])


async def hear(reader: asyncio.StreamReader, count: int) -> bytes:
    return await asyncio.wait_for(reader.readexactly(count), PATIENCE_S)


def test_a_connection_carries_both_ways_and_its_end() -> None:
    async def test() -> None:
        async with Tcp(Rule(delay_ms=1)) as net:
            reader, writer = await net.connect()
            writer.write(b"x" * 1_000_000)
            assert await hear(reader, 1_000_000) == b"X" * 1_000_000
            writer.write_eof()
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            await until(lambda: net.ends == ["closed"] and not net.links.connections)
            assert net.faults.counts["b", "a", "delayed"] > 0
            writer.close()

    run(test)


def test_a_partition_stalls_a_connection_until_it_is_healed() -> None:
    async def test() -> None:
        async with Tcp() as net:
            reader, writer = await net.connect()
            net.faults.partition((("a",), ("b",)))
            writer.write(b"wait")
            await until(lambda: net.faults.counts["a", "b", "stalled"])
            assert net.faults.counts["a", "b", "passed on"] == 0
            net.faults.heal()
            assert await hear(reader, 4) == b"WAIT"
            writer.close()

    run(test)


@pytest.mark.parametrize("how", ["cut", "reset"])
@pytest.mark.parametrize("between", [Between("a", "b"), Between("b", "a"), Between()])
def test_connections_are_cut_and_reset(how: str, between: Between) -> None:
    async def test() -> None:
        async with Tcp() as net:
            reader, writer = await net.connect()
            writer.write(b"hello")
            await hear(reader, 5)
            assert net.links.end(Between("b", "x"), reset=False) == 0
            assert net.links.end(between, reset=how == "reset") == 1
            if how == "reset":
                with pytest.raises(ConnectionResetError):
                    await asyncio.wait_for(reader.read(), PATIENCE_S)
            else:
                assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            await until(lambda: net.ends == [{"cut": "closed", "reset": "reset"}[how]])
            writer.close()
            reader, writer = await net.connect()  # the next one is served again
            writer.write(b"again")
            assert await hear(reader, 5) == b"AGAIN"
            writer.close()

    run(test)


def test_the_end_of_the_relay_is_no_error_of_a_connection() -> None:
    async def test() -> None:
        told: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: told.append(what))
        async with Tcp() as net:
            reader, writer = await net.connect()
            writer.write(b"hello")
            await hear(reader, 5)
        assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
        assert not told
        writer.close()

    run(test)


def test_connections_are_bounded_and_a_server_may_be_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 1)
        async with Tcp() as net:
            _, first = await net.connect()
            await until(lambda: net.links.connections)
            reader, second = await net.connect()
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            assert net.faults.counts["a", "b", "connections refused"] == 1
            first.close()
            second.close()
            await until(lambda: not net.links.connections)
            net.server.close()
            reader, third = await net.connect()
            assert await asyncio.wait_for(reader.read(), PATIENCE_S) == b""
            third.close()

    run(test)
