"""What runs and measures clusters: simulation, benchmark, comparison of the optimisations."""
