"""MkDocs hooks: links to files of the repository work on the site, and the help of every command is shown.

Pages link to files outside `docs/` by relative paths, as GitHub wants them. The site has no such files, so each linked
file is copied into the site under `repository/`, and the links are rewritten. A linked folder becomes plain text.
"""

from __future__ import annotations

import contextlib
import io
import os
import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from live_stf.cli.main import main

ROOT = Path(__file__).resolve().parent.parent
COPIES = "repository"  # folder of the site for files from outside docs/
LINK = re.compile(r"(!?\[(?P<text>[^\]]*)\])\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)")
HELP = re.compile(r"<!-- help: (?P<command>[a-z -]+) -->")


def repository_path(site_path: str) -> str:
    """The path in the repository of a file of the site."""
    prefix = COPIES + "/"
    return site_path.removeprefix(prefix) if site_path.startswith(prefix) else f"docs/{site_path}"


def site_path(repository_path: str) -> str:
    """The path in the site of a file of the repository, the inverse of `repository_path`."""
    inside = repository_path.removeprefix("docs/")
    return inside if inside != repository_path else f"{COPIES}/{repository_path}"


def linked(markdown: str, page: str) -> set[str]:
    """Paths in the repository of all files that a page links to; `page` is its own path in the repository."""
    targets = (match["target"] for match in LINK.finditer(markdown) if "://" not in match["target"])
    paths = {posixpath.normpath(posixpath.join(posixpath.dirname(page), target)) for target in targets}
    return {path for path in paths if (ROOT / path).is_file()}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside `docs/` that a page links to, directly or through another such page."""
    waiting = [file.src_uri for file in files.documentation_pages()]
    while waiting:
        page = repository_path(waiting.pop())
        for path in linked((ROOT / page).read_text(encoding="utf-8"), page):
            uri = site_path(path)
            if path.startswith("docs/") or files.get_file_from_path(uri) is not None:
                continue
            file = File.generated(config, uri, abs_src_path=str(ROOT / path), inclusion=InclusionLevel.NOT_IN_NAV)
            files.append(file)
            if file.is_documentation_page():
                waiting.append(uri)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links of a page to paths of the site and insert the help of commands."""
    own = page.file.src_uri
    folder = posixpath.dirname(repository_path(own))

    def rewrite(match: re.Match[str]) -> str:
        target = match["target"]
        path = posixpath.normpath(posixpath.join(folder, target))
        if "://" in target or (path.startswith("docs/") and not own.startswith(COPIES)):
            if (ROOT / path).is_file() and files.get_file_from_path(site_path(path)) is None:
                return match["text"]  # excluded from the site
            if not (ROOT / path).is_dir() or "://" in target:
                return match[0]
        if (ROOT / path).is_dir():
            return match["text"]
        return f"{match[1]}({posixpath.relpath(site_path(path), posixpath.dirname(own) or '.')}{match['anchor'] or ''})"

    return HELP.sub(lambda match: help_text(match["command"].split()), LINK.sub(rewrite, markdown))


def help_text(command: list[str]) -> str:
    """The output of `live-stf COMMAND --help` as a Markdown code block."""
    os.environ["COLUMNS"] = "100"
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        main([*command, "--help"])
    if not output.getvalue():
        raise PluginError(f"live-stf {' '.join(command)} --help prints nothing")
    return f"```text\n{output.getvalue().strip()}\n```"
