"""Registered functions as programs of the language: traced, and compared with torch before they are served so."""
