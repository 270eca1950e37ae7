"""Helpers: processes that parse, derive, plan and explain for the server, in bounded time and memory."""
