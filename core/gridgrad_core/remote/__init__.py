"""Workers that share no memory with the server: which bytes of its regions cross, and how."""
