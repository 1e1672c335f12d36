"""What is read in /proc: the parsers on recorded text, and on this process."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from harness.bench import proc

STAT = "4711 (a (very) odd name) S 1 4711 4711 0 -1 4194560 900 0 0 0 250 50 7 9 20 0 3 0 99 1 2"
UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  107: 010000EF:1F40 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5001 2 0000000000000000 0
  108: 010000EF:1F41 00000000:0000 07 00000000:00034A00 00:00000000 00000000     0        0 5002 2 0000000000000000 4321
"""  # noqa: E501


def test_processor_time_is_user_and_system() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    assert proc.parse_cpu_s(STAT) == pytest.approx(300 / ticks)


def test_memory_now_and_at_its_peak() -> None:
    status = "Name:\tx\nVmPeak:\t 900 kB\nVmHWM:\t  300 kB\nVmRSS:\t  200 kB\nThreads:\t3\n"
    assert proc.parse_memory_bytes(status) == (200 << 10, 300 << 10)
    assert proc.parse_memory_bytes("Name:\tx\nState:\tZ (zombie)\n") is None


def test_wakeups_are_switches_that_a_thread_makes_itself() -> None:
    status = "Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t700\n"
    assert proc.parse_wakeups(status) == 12
    assert proc.parse_wakeups("Name:\tx\n") == 0


def test_wakeups_of_all_threads_of_this_process() -> None:
    def wait() -> None:
        for _ in range(50):
            time.sleep(0.001)
        done.set()
        over.wait(5)

    done, over = threading.Event(), threading.Event()
    thread = threading.Thread(target=wait)
    before = proc.wakeups(os.getpid())
    thread.start()
    assert done.wait(5)
    assert proc.wakeups(os.getpid()) >= before + 50
    over.set()
    thread.join()


def test_drops_by_socket() -> None:
    assert proc.parse_udp_drops(UDP) == {5001: 0, 5002: 4321}


def test_this_process() -> None:
    until_s = time.process_time() + 0.05
    while time.process_time() < until_s:
        pass
    cpu_s, memory = proc.cpu_s(os.getpid()), proc.memory_bytes(os.getpid())
    assert cpu_s and 0.03 < cpu_s < time.process_time() + 0.1
    assert memory and 0 < memory[0] <= memory[1]


def test_a_process_that_is_gone_has_nothing() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
    assert proc.cpu_s(pid) is None and proc.memory_bytes(pid) is None
    assert proc.udp_sockets(pid, {1: 0}) == set() and proc.wakeups(pid) == 0


def test_what_a_full_buffer_loses_is_seen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        receiver.bind(("127.0.0.1", 0))
        inode = os.fstat(receiver.fileno()).st_ino
        before = proc.udp_drops()
        assert inode in proc.udp_sockets(os.getpid(), before)
        assert before[inode] == 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(100):
                sender.sendto(b"x" * 1000, receiver.getsockname())
        assert 50 < proc.udp_drops()[inode] < 100
