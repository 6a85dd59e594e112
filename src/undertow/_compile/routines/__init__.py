"""Routines of BLAS, LAPACK and other libraries: how native code calls them, and programs for their derivatives."""
