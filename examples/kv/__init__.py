"""A replicated key-value store over HTTP: three replicas, each with the whole state.

    python examples/kv serve cluster.yaml 1 --listen 127.0.0.1:8001
    python examples/kv put greeting hello

`store.py` is the state machine, `server.py` what it is over HTTP, `client.py` what uses it.
docs/application.md builds it step by step.
"""
