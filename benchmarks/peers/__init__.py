"""The small programs as a fair expert would write them for other tools."""
