"""Rules of ``scipy.sparse`` beyond its arrays (csgraph): none yet."""
