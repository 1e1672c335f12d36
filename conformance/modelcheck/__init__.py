"""The models of the manifest: running them side by side, on several machines, and how they grow."""
