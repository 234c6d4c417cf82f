"""How docs/ becomes a site (a hook of MkDocs): the order of pages, and links that lead out of docs/.

The pages stay what they are in a clone; docs/README.md, which names each of them once, is the order here, too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"\]\(((?:\.\./)+)([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: Any) -> Any:
    """Give MkDocs the navigation that docs/README.md describes."""
    config.nav = navigation(Path(config.docs_dir, "README.md").read_text(encoding="utf-8"))
    return config


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Lead links to files beside docs/, such as the changelog, to the repository."""
    del files
    depth = len(Path(page.file.src_uri).parts) - 1

    def lead(found: re.Match[str]) -> str:
        if found[1].count("../") <= depth:
            return found[0]
        return f"]({config.repo_url.rstrip('/')}/blob/main/{found[2]}{found[3] or ''})"

    return _LINK.sub(lead, markdown)


def navigation(index: str) -> list[Any]:
    """The pages in the order of the index: its headings are the site's parts."""
    parts: list[Any] = [{"The guide": "README.md"}]
    seen: set[str] = set()
    for line in index.splitlines():
        if heading := re.fullmatch(r"## (.+)", line):
            parts.append({heading[1]: []})
        for title, path in re.findall(r"\[([^\]]+)\]\(([^)#]+\.md)\)", line if line.startswith("* ") else ""):
            if path not in seen:
                seen.add(path)
                inside = next(iter(parts[-1].values()))
                (inside if isinstance(inside, list) else parts).append({title[0].upper() + title[1:]: path})
    return parts
