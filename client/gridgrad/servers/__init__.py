"""Where servers are: addresses, lists of them, and names that are looked up."""
