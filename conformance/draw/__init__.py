"""Pictures: space-time diagrams of rejections and counterexamples; and formats of other tools."""
