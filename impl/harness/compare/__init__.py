"""`paxos compare`: what each optimisation buys, held against the specification.

All eight combinations of the three optimisations run on the same workload. Each is checked, TLC on
its models and the checker on its traces, and each is measured. Nothing but the command line uses
it.
"""
