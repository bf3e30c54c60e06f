"""The documentation: links lead somewhere, commands exist, and nothing names the host of a package registry."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from live_stf.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "models").glob("*/README.md"),
        ROOT / "calibration" / "README.md",
    ]
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
CODE = re.compile(r"```.*?```", re.DOTALL)
# In two parts, so that this file does not name them either.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "com"), ("npmjs", "org"), ("crates", "io"),
        ("rubygems", "org"), ("anaconda", "org"), ("docker", "io"), ("proxy.golang", "org"),
    )
)  # fmt: skip


def names(pages: list[Path]) -> list[object]:
    return [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages]


def code(text: str) -> list[str]:
    """The code blocks of a page and the code inside its sentences, each with a backtick in front."""
    blocks = CODE.findall(text)
    return [*blocks, *re.findall(r"`[^`\n]+", CODE.sub("", text))]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs write them."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(text))
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_readme_has_at_most_120_lines():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("page", names(PAGES))
def test_every_relative_link_leads_to_a_file_and_a_heading(page):
    for link in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{link}: {target.name} has no such heading"


@pytest.mark.parametrize("page", names(PAGES))
def test_every_command_that_is_mentioned_exists(page):
    text = page.read_text(encoding="utf-8")
    commands = {name for group in COMMANDS.values() for name in group}
    if page.name == "CHANGELOG.md":  # which also names what an older version had
        text = text.split("## [0.1.0]")[0]
    for command in re.findall(r"(?:`|bin/|^)live-stf ([a-z][a-z-]*)", "\n".join(code(text)), re.MULTILINE):
        assert command in commands, f"live-stf {command} does not exist"
    for program in re.findall(r"python -m benchmarks\.([a-z_]+)", text):
        path = ROOT / "benchmarks" / program
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), f"benchmarks.{program} is missing"


def test_every_command_is_described():
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    described = set(re.findall(r"^## live-stf ([a-z-]+)$", text, re.MULTILINE))
    assert described == {name for group in COMMANDS.values() for name in group}


def test_no_file_names_the_host_of_a_package_registry():
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    hosts = re.compile("|".join(map(re.escape, REGISTRY_HOSTS)).encode(), re.IGNORECASE)
    files = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    assert not [file for file in files if file.is_file() and hosts.search(file.read_bytes())]
