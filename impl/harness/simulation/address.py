"""How the processes of a simulation are named."""

Key = tuple[str, int]
"""A process, through all its lives: its role and its id."""
