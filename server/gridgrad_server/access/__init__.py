"""Access: who may call what, by tokens and other credentials."""
