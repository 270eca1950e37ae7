"""ONNX graphs: their operators in torch, and the comparison with the reference of ONNX itself."""
