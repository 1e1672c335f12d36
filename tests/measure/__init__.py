"""What comparisons and benchmarks share: the page of their figures, changes and noise."""
