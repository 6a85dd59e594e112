"""Rules of ``scipy.sparse`` beyond its arrays (solvers): none yet."""
