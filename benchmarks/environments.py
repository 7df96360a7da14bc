"""An environment for each peer, made when it is missing: no benchmark borrows another's packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / ".venv-bench"

# `harness` also runs the server; what it has is nowhere near a client.
PACKAGES: Final = {
    "harness": ["trustme", "certifi", "matplotlib"],
    "ours": ["--editable", str(ROOT)],
    "published": ["skytells==1.0.0"],
    "httpx": ["httpx", "pydantic"],
    "httpx-sse": ["httpx", "httpx-sse"],
    "urllib3": ["urllib3"],
    "aiohttp": ["aiohttp"],
    "openai": ["openai"],
    "replicate": ["replicate"],
    "clients": ["--editable", str(ROOT), "httpx[http2]", "httpx2"],
    "h2server": ["granian"],
    "platform": ["--editable", f"{ROOT}[local]"],
}
SHOWN: Final = {
    *("skytells", "httpx", "httpcore", "pydantic", "openai", "replicate", "aiohttp"),
    *("httpx2", "h2", "granian", "httpx-sse", "urllib3"),
}


def python(name: str) -> str:
    """The interpreter of an environment."""
    return str(HOME / name / "bin" / "python")


def prepare() -> None:
    """Make what is missing, or was made of other packages."""
    project = (ROOT / "pyproject.toml").read_text()
    for name, packages in PACKAGES.items():
        ready = HOME / name / ".ready"
        made_of = "\n".join([*packages, project if "--editable" in packages else ""])
        if ready.exists() and ready.read_text() == made_of:
            continue
        print(f"making .venv-bench/{name}", file=sys.stderr)
        if not Path(python(name)).exists():
            subprocess.run([sys.executable, "-m", "venv", HOME / name], check=True)
        pip = [python(name), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
        ready.write_text(made_of)


def versions() -> dict[str, dict[str, str]]:
    """The packages that were measured, by environment."""
    found: dict[str, dict[str, str]] = {}
    for name in PACKAGES:
        pip = [python(name), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
        listed = json.loads(subprocess.run(pip, check=True, capture_output=True).stdout)
        found[name] = {p["name"]: p["version"] for p in listed if p["name"] in SHOWN}
    return found
