"""What client and server say to each other: methods, fields, messages that carry a buffer, enums by name, errors."""
