"""Texts of fluids are computed by tests.core.lang.evaluator, which needs mpmath: elsewhere these tests are left out."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("mpmath") else ["test_*.py"]
