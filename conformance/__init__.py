"""Holds recorded traces against the TLA+ specification. Imports nothing from the implementation."""
