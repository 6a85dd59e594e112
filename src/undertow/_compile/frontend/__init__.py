"""Python function and argument types to IR, by abstract interpretation of the syntax tree."""
