"""Tests of the comparison of the optimisations, and of what processes count for it."""
