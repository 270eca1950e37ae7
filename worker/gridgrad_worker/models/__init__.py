"""Models that others made, served as registered functions: torch modules, exported programs, ONNX graphs."""
