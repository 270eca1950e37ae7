"""From a derived program to a plan: what runs on which dims, and which sums become matrix products."""
