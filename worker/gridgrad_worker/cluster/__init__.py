"""Workers of a cluster: how numbers cross to where no memory is shared, and who speaks for such workers."""
