"""Arrays that are kept between calls, so that callers who send one again send its SHA-256 alone."""
