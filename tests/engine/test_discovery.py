"""Checks are found through entry points; what is broken about a plugin is told, and everything else goes on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import types
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest

from healthcheck.engine.discovery import GROUP, collect, discover
from tests.registries import a_check

PLUGIN = Path(__file__).parents[1] / "plugins" / "acme-checks"

PROGRAM = """
import json
from healthcheck.engine.discovery import discover
found = discover()
json.dump({
    "checks": {check.id: check.origin for check in found.registry},
    "failures": {failure.name: [] for failure in found.failures} | {
        name: sorted(failure.sentence for failure in found.failures if failure.name == name)
        for name in {failure.name for failure in found.failures}
    },
    "packages": sorted({failure.package for failure in found.failures}),
}, __import__("sys").stdout)
"""


def told(*options: str, **environ: str) -> dict[str, Any]:
    """Return what a new process discovers."""
    command = [sys.executable, *options, "-c", PROGRAM]
    done = subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder into which the sample package is installed, as any package is."""
    folder = tmp_path_factory.mktemp("site-packages")
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    assert uv, "uv is missing: make test installs it beside python"
    command = [uv, "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps", "--no-build-isolation"]
    command += ["--python", sys.executable, "--target", str(folder), str(PLUGIN)]
    subprocess.run(command, check=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def found(installed: Path) -> dict[str, Any]:
    """Return what is discovered beside the sample package."""
    return told(PYTHONPATH=str(installed))


def test_checks_of_an_installed_package_stand_beside_ours(found: dict[str, Any]) -> None:
    theirs = {check_id: origin for check_id, origin in found["checks"].items() if origin.startswith("acme_checks")}
    assert theirs == {
        "circle.bystander": "acme_checks.circle",
        "gpu.driver": "acme_checks.gpu",
        "network.gateway": "acme_checks.network",
        "several.first": "acme_checks.several",
    }


def test_nobody_takes_the_place_of_a_check_of_ours(found: dict[str, Any]) -> None:
    assert found["checks"]["network.reachable"] == "healthcheck.checks.network"


def test_a_plugin_takes_none_of_our_checks_away(found: dict[str, Any]) -> None:
    ours = {check_id for check_id, origin in found["checks"].items() if origin.startswith("healthcheck.")}
    assert ours == set(told()["checks"])


FAILURES = {
    "careless": [
        (
            "check careless.everything: calls sagemaker.DeleteEverything, which healthcheck.permissions does not list; "
            "add a row"
        )
    ],
    "circle": [
        (
            "check circle.egg is left out: checks come after each other in a circle: "
            "circle.egg after circle.hen after circle.egg"
        ),
        (
            "check circle.hen is left out: checks come after each other in a circle: "
            "circle.egg after circle.hen after circle.egg"
        ),
    ],
    "driver": ["acme_checks.driver cannot be imported: ModuleNotFoundError: No module named 'acme_gpu_driver'"],
    "empty": ["acme_checks.empty holds no check; decorate a function of it with @check"],
    "missing": [
        (
            "acme_checks.no_such_module cannot be imported: "
            "ModuleNotFoundError: No module named 'acme_checks.no_such_module'"
        )
    ],
    "network": [
        "check network.reachable of acme_checks.network exists already, in healthcheck.checks.network; rename it"
    ],
    "number": ["acme_checks.empty:NUMBER holds no check; decorate a function of it with @check"],
    "quits": ["acme_checks.quits cannot be imported: SystemExit: usage: quits FILE"],
    "stray": [
        "check stray.Loud: module and function must be named in lower-case letters, digits and _",
        "check stray.follower comes after stray.lost, which is left out itself",
        "check stray.lost comes after gpu.drivr, which does not exist; did you mean gpu.driver?",
    ],
    "warns": ["acme_checks.warns cannot be imported: AcmeError"],
}


@pytest.mark.parametrize("name", FAILURES)
def test_each_way_in_which_a_plugin_is_broken_has_its_sentence(found: dict[str, Any], name: str) -> None:
    assert found["failures"][name] == FAILURES[name]


def test_a_plugin_fails_in_no_other_way(found: dict[str, Any]) -> None:
    assert set(found["failures"]) - set(told()["failures"]) == set(FAILURES)
    assert "acme-checks" in found["packages"]


def test_what_is_found_depends_on_the_entry_points_alone(
    found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, from the sample's own table of entry points, it is the same as from the installed package."""
    monkeypatch.syspath_prepend(str(PLUGIN))
    table = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"][GROUP]
    theirs = [EntryPoint(name, value, GROUP) for name, value in table.items()]
    here = discover([*theirs, *entry_points(group=GROUP)])
    assert {check.id: check.origin for check in here.registry} == found["checks"]
    assert sorted(failure.sentence for failure in here.failures if failure.package == "acme_checks") == sorted(
        sentence for sentences in FAILURES.values() for sentence in sentences
    )


def test_our_own_checks_come_through_the_same_entry_points() -> None:
    found = discover()
    assert {check.module for check in found.registry} >= {"credentials", "network", "region"}
    assert {check.origin.partition(".")[0] for check in found.registry} == {"healthcheck"}


def test_where_our_own_checks_are_not_registered_that_is_a_failure() -> None:
    """Watching nothing must not look like health."""
    found = discover([])
    assert len(found.registry) == 0
    assert [(failure.name, failure.package, failure.sentence) for failure in found.failures] == [
        (
            GROUP,
            "sagemaker-healthcheck",
            (
                "the checks of sagemaker-healthcheck itself are not registered; "
                "install the package, such as by pip install ."
            ),
        )
    ]


def test_collect_returns_each_check_of_a_module_once() -> None:
    module = types.ModuleType("contributed.gpu")
    one, two = a_check("gpu.one"), a_check("gpu.two")
    vars(module).update(two=two, one=one, again=two, number=5)
    assert collect(module) == [two, one]


def test_the_same_check_through_two_entry_points_is_one_check() -> None:
    entries = [EntryPoint(name, f"healthcheck.checks.{name}", GROUP) for name in ("region", "network")]
    twice = [*entries, EntryPoint("zz-copy", "healthcheck.checks.region", GROUP)]
    assert [check.id for check in discover(twice).registry] == [check.id for check in discover(entries).registry]
    assert discover(twice).failures == discover(entries).failures


def test_what_a_failure_quotes_is_cleaned_before_it_is_told() -> None:
    """A module may raise anything when it is imported, with secrets in it."""
    found = discover(
        [EntryPoint("gpu", "no_such_package.s3cr3t", GROUP)], cleaned=lambda text: text.replace("s3cr3t", "…")
    )
    (failure,) = [failure for failure in found.failures if failure.name == "gpu"]
    assert failure.sentence.startswith("no_such_package.… cannot be imported: ModuleNotFoundError")
