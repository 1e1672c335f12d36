"""examples/kv: its state machine, its HTTP, its client and its page."""
