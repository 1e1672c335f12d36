"""The specification weakened by a machine, one conjunct at a time: does a model notice?"""
