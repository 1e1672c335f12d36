"""TLA+ as text: modules and their conjuncts, configurations, values, differences of states."""
