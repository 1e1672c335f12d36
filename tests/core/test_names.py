"""Names of processes and clients: what they are as text, and that they are found in it again."""

from __future__ import annotations

import pytest

from paxos.core.names import ROLES, Member, ProcessName, client_id


@pytest.mark.parametrize("role", ROLES)
def test_a_name_is_found_again_in_its_text(role: str) -> None:
    member = Member(role, 12)
    process = ProcessName(member, 3)
    assert (str(member), member.words, str(process)) == (f"{role}-12", f"{role} 12", f"{role}-12.3")
    assert Member.parse(str(member)) == member
    assert ProcessName.parse(str(process)) == process


OTHERS = "acceptor acceptor- acceptor-1 acceptor-1. acceptor-1.x acceptor-x.1 acceptor-1.2.3 x-1.1"


@pytest.mark.parametrize("text", ["", *OTHERS.split()])
def test_other_text_names_no_incarnation(text: str) -> None:
    with pytest.raises(ValueError, match="expected a process such as acceptor-1"):
        ProcessName.parse(text)


def test_a_client_that_starts_again_is_another_client_of_the_same_process() -> None:
    clients = [ProcessName(Member("client", 7), number).client for number in (1, 2)]
    assert clients == ["7.1", "7.2"]
    assert [client_id(client) for client in clients] == [7, 7]
