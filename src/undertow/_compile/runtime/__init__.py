"""What generated code calls. Imports Numba; nothing above imports it before the first compilation."""
