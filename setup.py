"""What goes into the wheel; the rest of the package's description is in pyproject.toml.

The specification and the traces stand at the top level of the checkout, where people look for them.
In the wheel they are data of `conformance`, and `conformance/paths.py` finds them in both places.
"""

from setuptools import find_packages, setup

DATA = {"conformance.data.spec": "spec", "conformance.data.traces": "traces"}

setup(
    packages=[*find_packages("impl"), *find_packages(include=["conformance*"]), *DATA],
    package_dir={"paxos": "impl/paxos", "harness": "impl/harness", **DATA},
    include_package_data=False,  # what is not named here stays out, but for py.typed
    package_data={
        "paxos": ["samples/*"],
        "conformance.tla": ["*.css"],
        "conformance.report": ["*.j2", "*.css", "static/*", "vendored/*"],
        "harness.measure": ["*.j2", "*.css", "*.js"],
        "conformance.data.spec": ["*.md", "*.tla", "*.cfg", "models/*"],
        "conformance.data.traces": [
            *("README.md", "*.json"),
            *(f"{folder}/**/*" for folder in ("good", "bad", "schedules", "tracers")),
        ],
    },
)
