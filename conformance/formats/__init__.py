"""Verdicts in the forms that other programs read. Nothing is judged here."""
