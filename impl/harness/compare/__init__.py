"""`paxos compare`: what each optimisation buys, held against the specification.

All eight combinations of the three optimisations run on the same workload. Each is checked, TLC on
its models and the checker on its traces, and each is measured. This is the one part of the
implementation that uses the checker, and nothing else of the implementation uses it.
"""
