"""The first judge: the events of a run, one by one, through the rules."""
