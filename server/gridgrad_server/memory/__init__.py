"""Memory that processes share, and the sockets over which its descriptors are passed."""
