"""Pull-backs of cotangents that are too large for a message."""
