"""A Debian of our own in a folder, to boot and to build images on; and what is installed into both."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.deploy.places import DEPLOY, INSTALLED, ROOT
from tests.support import missing, require

SUITE = "bookworm"
PYTHON = "3.11"
"""The suite's."""
PACKAGES = ("systemd", "systemd-sysv", "dbus", "python3", "python3-venv")

# As it was before the tests' own conftest cleaned it: mirrors and registries may be behind a proxy.
_SHELL = dict(os.environ)
_CONTEXT = ("healthcheck", "requirements", "pyproject.toml", "README.md", "LICENSE", ".dockerignore", "deploy")


def require_root(what: str) -> None:
    """Skip where we may not make machines."""
    if os.geteuid() != 0:
        missing(f"the right to {what}", "run these tests as root")


def run(*words: str | Path, seconds: float, **environ: str) -> str:
    """Run a program in the shell's own environment; return what it says, fail with that if it fails."""
    told = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=seconds,
        env={**_SHELL, **environ},
    )
    assert told.returncode == 0, f"{words}: {told.returncode}\n{told.stdout[-4000:]}"
    return told.stdout


def make_system(root: Path) -> None:
    """Fill a folder with a small Debian, from the mirror that this machine's apt uses, or else the program's own."""
    require_root("make a root folder")
    program = require("mmdebstrap")
    told = run("apt-get", "indextargets", "--format", "$(SITE)", f"Codename: {SUITE}", seconds=60)
    run(
        program,
        "--quiet",
        "--variant=essential",
        f"--include={','.join(PACKAGES)}",
        # It is gone within minutes, and nobody reads in it.
        "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude=/usr/share/{unread}/*" for unread in ("doc", "locale", "man")),
        SUITE,
        root,
        *told.split()[:1],
        seconds=600,
    )


def copy_sources(folder: Path) -> None:
    """Copy what is built from, as it is in the work tree."""
    for name in _CONTEXT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)


def fetch_wheels(folder: Path) -> None:
    """Fetch all locked libraries, and what builds ours, so that everything after this needs no network."""
    if find_spec("pip") is None:
        missing("pip in this environment", "python -m ensurepip, or uv pip install pip")
    machine = platform.machine()
    fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--dest={folder}")
    for_it = (
        f"--python-version={PYTHON}",
        "--implementation=cp",
        f"--platform=manylinux2014_{machine}",
        f"--platform=manylinux_2_28_{machine}",
    )
    for lock in ("run.txt", "demo.txt"):
        run(*fetch, *for_it, "--require-hashes", f"--requirement={ROOT / 'requirements' / lock}", seconds=600)
    run(*fetch, "setuptools>=77", seconds=300)


def install(root: Path, sources: Path, wheels: Path) -> None:
    """Install the program and its units as docs/production.md says, from the wheels."""
    environment = f"/{Path(INSTALLED).relative_to('/').parent.parent}"
    shutil.copytree(sources, root / "src")
    shutil.copytree(wheels, root / "wheels")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_CONFIG_FILE": os.devnull, "PIP_CERT": ""}
    run("chroot", root, "python3", "-m", "venv", environment, seconds=120)
    pip = f"{environment}/bin/pip"
    run("chroot", root, pip, "install", "--quiet", "--requirement=/src/requirements/run.txt", seconds=300, **offline)
    run("chroot", root, pip, "install", "--quiet", "--no-deps", "/src", seconds=300, **offline)
    shutil.rmtree(root / "src")
    shutil.rmtree(root / "wheels")
    for unit in (DEPLOY / "systemd").glob("*.*r*"):
        if unit.is_file():
            shutil.copy(unit, root / "etc/systemd/system")
    (root / "etc/sysusers.d").mkdir(exist_ok=True)
    shutil.copy(DEPLOY / "systemd/sysusers.d/sagemaker-healthcheck.conf", root / "etc/sysusers.d")
