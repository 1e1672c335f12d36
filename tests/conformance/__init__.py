"""Tests of the checker of traces."""
