"""From IR to facts; nothing here changes IR."""
