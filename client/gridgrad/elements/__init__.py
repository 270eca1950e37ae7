"""Tables beyond what a request names: what derivatives by their values take, and scipy's splines as such."""
