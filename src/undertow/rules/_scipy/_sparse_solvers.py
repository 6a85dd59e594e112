"""to be filled."""
