"""How Sphinx makes a web site of the pages: `make site`.

The pages are written for the repository and read as they are there. The site's own files are in this folder: its first
page, which has the README and the order of the others; stubs for what else stands outside of docs/; and the
reference, which is made from the docstrings.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "core"), str(ROOT / "client")]

project = "Gridgrad"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
root_doc = "site/index"
exclude_patterns = ["**.py"]
html_theme = "furo"
html_title = "Gridgrad"
html_show_copyright = False
html_show_sphinx = False
html_extra_path = ["root"]  # leads from the folder itself to the first page

myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True

OUTSIDE = {
    "README.md": "site/index.md",
    "benchmarks/RESULTS.md": "site/measured.md",
    "CONTRIBUTING.md": "site/contributing.md",
    "SECURITY.md": "site/security.md",
    "CHANGELOG.md": "site/changelog.md",
    "native/README.md": "site/native.md",
}
"""Pages that stand outside of docs/, and where the site has them."""
LINK = re.compile(r"(\]\()(?!https?:|#)([^)#]+)")
CODE = re.compile(r"``?([^`]+)``?")


def setup(app: Any) -> None:
    """Has Sphinx call the two below, the second one before napoleon reads the docstrings."""
    app.connect("source-read", bring_in)
    app.connect("autodoc-process-docstring", spell_for_sphinx, priority=400)


def bring_in(_: Any, docname: str, source: list[str]) -> None:
    """Puts pages from outside in their places, and leads links between all of them."""
    if docname.endswith("reference"):
        return
    page = {name.removesuffix(".md"): path for path, name in OUTSIDE.items()}.get(docname, f"docs/{docname}.md")
    text = source[0] if page.startswith("docs/") else f"{(ROOT / page).read_text()}\n{source[0]}"
    source[0] = LINK.sub(lambda link: link[1] + _led(link[2], page, f"docs/{docname}.md"), text)


def _led(target: str, page: str, seen_from: str) -> str:
    path = (ROOT / page).parent.joinpath(target).resolve().relative_to(ROOT)
    in_site = Path("docs", OUTSIDE[str(path)]) if str(path) in OUTSIDE else path
    return os.path.relpath(in_site, Path(seen_from).parent)


def spell_for_sphinx(*given: Any) -> None:
    """Docstrings are plain text with code in backticks; a star in them is a star."""
    lines: list[str] = given[-1]
    for number, line in enumerate(lines):
        parts = CODE.split(line)
        parts[::2] = [text.replace("*", "\\*") for text in parts[::2]]
        parts[1::2] = [f"``{code}``" for code in parts[1::2]]
        lines[number] = "".join(parts)
