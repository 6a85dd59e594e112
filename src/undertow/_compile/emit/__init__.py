"""From IR to Python source, and from that to native code."""
