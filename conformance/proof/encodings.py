"""The modules that are proved."""

from __future__ import annotations

from conformance.proof.log_voting_logic import LOG_VOTING
from conformance.proof.logic import Encoding
from conformance.proof.multi_paxos_logic import MULTI_PAXOS
from conformance.proof.synod_logic import SYNOD
from conformance.proof.voting_logic import VOTING

ENCODINGS: dict[str, Encoding] = {
    encoding.name: encoding for encoding in (VOTING, SYNOD, LOG_VOTING, MULTI_PAXOS)
}
"""By the names of the modules."""
