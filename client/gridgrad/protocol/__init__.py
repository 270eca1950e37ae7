"""What a client does beside input and output: decoding, windows, retries, errors. No module here does any I/O."""
