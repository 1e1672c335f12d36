"""Pages that open in a browser from one file: a run, a model's counterexample, a state graph."""
