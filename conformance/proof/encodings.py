"""The modules that are proved."""

from __future__ import annotations

from conformance.proof.logic import Encoding
from conformance.proof.synod_logic import SYNOD
from conformance.proof.voting_logic import VOTING

ENCODINGS: dict[str, Encoding] = {encoding.name: encoding for encoding in (VOTING, SYNOD)}
"""By the names of the modules."""
