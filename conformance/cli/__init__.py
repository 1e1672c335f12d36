"""The `conformance` command, a file a subcommand. Nothing imports it."""
