"""The package as a library on its own: what it offers, what it leans on, and that its page tells the truth."""

from __future__ import annotations

import ast
import sys
import textwrap
from pathlib import Path

import pytest

from healthcheck import iam

ROOT = Path(iam.__file__).parent
MODULES = sorted(ROOT.glob("*.py"))


def test_all_that_is_offered_exists_and_is_documented() -> None:
    assert len(set(iam.__all__)) == len(iam.__all__)
    undocumented = [name for name in iam.__all__ if callable(getattr(iam, name)) and not getattr(iam, name).__doc__]
    assert undocumented == []


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_it_leans_on_the_standard_library_and_on_our_errors_only(module: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    foreign = {
        name
        for name in imported
        if name.split(".")[0] not in sys.stdlib_module_names
        and name != "healthcheck.errors"
        and not name.startswith("healthcheck.iam")
    }
    assert foreign == set()
    assert not imported & {"os", "socket", "subprocess", "pathlib", "io", "time", "random", "re"}


def test_the_example_of_its_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = iam.__doc__ or ""
    example = textwrap.dedent(page[page.index("    from healthcheck.iam") : page.index("**Three truth values.**")])
    statement = '{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::acme-data/*"}'
    names = {"text": f'{{"Statement": {statement}}}', "role_arn": "arn:aws:iam::111122223333:role/Exec"}
    exec(compile(example, "page", "exec"), names)
    assert capsys.readouterr().out.startswith(
        "allowed\nallowed: s3:PutObject on arn:aws:s3:::acme-data/out/model.tar.gz"
    )
