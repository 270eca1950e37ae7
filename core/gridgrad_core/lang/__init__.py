"""The expression language: text in, a `Program` out. Bare Python, since the worker loads it without grpc."""
