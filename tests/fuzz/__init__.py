"""Hostile datagrams: made at random, recorded and damaged, sent again.

What must hold is said in `bounds.py`; `python -m tests.fuzz` looks for an input that breaks it.
"""
