"""Connections: where the server listens, and what becomes of calls whose caller neither sends nor reads."""
