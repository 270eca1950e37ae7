"""What an operator sets: flags, logs, devices, TLS."""
