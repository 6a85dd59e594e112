"""The checker: runs a program plainly, asks an independent oracle for its derivative, and compares every mode."""
