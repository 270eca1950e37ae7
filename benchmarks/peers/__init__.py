"""What ours is measured beside: floors that only move bytes or fill memory, and what one could use instead."""
