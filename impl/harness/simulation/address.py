"""How the processes of a simulation are named."""

Key = tuple[str, int]
"""A process, through all its incarnations: its role and its id."""
