"""The command `gridgrad`."""
