"""Whole state graphs, TLC's and that of the rules, in the same terms."""
