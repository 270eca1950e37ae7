"""What goes to servers that are too old for the usual form of a request."""
