"""What a trace is: its schema, reading and merging it, what causes what, how it is shown."""
