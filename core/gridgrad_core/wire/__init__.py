"""The layout of messages that carry a buffer, the methods of the service, and errors on the wire."""
