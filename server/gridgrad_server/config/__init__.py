"""What an operator sets: flags, devices, TLS."""
