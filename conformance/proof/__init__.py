"""Inductive invariants of the specification, proved for all constants by an SMT solver."""
