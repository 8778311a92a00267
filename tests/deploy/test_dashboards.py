"""The Grafana dashboards: queries that can be asked, panels that have their place, links that lead somewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml

from healthcheck.surfaces.families import FAMILIES
from tools.dashboards import FOLDER

PROVISIONING = FOLDER.parent / "provisioning"
DASHBOARDS: dict[str, Any] = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels() -> Iterator[tuple[str, Any]]:
    for name, dashboard in DASHBOARDS.items():
        for panel in dashboard["panels"]:
            yield name, panel


QUERIES = [
    pytest.param(query["expr"], id=f"{name}: {panel['title']}, {query['refId']}")
    for name, panel in panels()
    for query in panel["targets"]
]


def filled(expression: str, target: str = "prod/eu-west-1") -> str:
    """A query as Grafana sends it."""
    values = {"$job": ".*", "$target": target, "$__rate_interval": "10s", "$__range": "1m"}
    for variable, value in values.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression.replace('"$1"', ""), "but for what label_replace takes from its pattern"
    return expression


@pytest.mark.parametrize("expression", QUERIES)
def test_queries_are_promql_over_metrics_that_exist(expression: str) -> None:
    promql_parser.parse(filled(expression))
    known = {family.name for family in FAMILIES}
    used = {name.removesuffix("_bucket") for name in re.findall(r"sagemaker_healthcheck_\w+", expression)}
    assert used
    assert used <= known


def test_panels_lie_side_by_side_and_say_what_they_show() -> None:
    for name, dashboard in DASHBOARDS.items():
        taken = set[tuple[int, int]]()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            across = range(place.get("x", 0), place.get("x", 0) + place["w"])
            down = range(place.get("y", 0), place.get("y", 0) + place["h"])
            cells = {(x, y) for x in across for y in down}
            assert across.stop <= 24, (name, panel["title"])
            assert not cells & taken, (name, panel["title"])
            taken |= cells
            assert panel["title"]
            assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_links_lead_to_dashboards_and_pages_that_exist() -> None:
    for name, dashboard in DASHBOARDS.items():
        assert dashboard["uid"] == name
        named = {variable["name"] for variable in dashboard["templating"]["list"]}
        text = json.dumps(dashboard)
        assert set(re.findall(r"/d/([\w-]+)", text)) <= DASHBOARDS.keys()
        own = {word for word in re.findall(r"\$\{?([a-z_]\w*)", text) if not word.startswith("__")}
        assert own <= named, name


def test_grafana_is_told_where_they_are() -> None:
    compose = yaml.safe_load((FOLDER.parents[1] / "compose" / "compose.yaml").read_text("utf-8"))
    grafana = compose["services"]["grafana"]
    mounts = dict(volume.removesuffix(":ro").split(":")[:2] for volume in grafana["volumes"])
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "sagemaker-healthcheck.yaml").read_text())["providers"]
    (source,) = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert mounts["../grafana/provisioning"] == "/etc/grafana/provisioning"
    assert mounts["../grafana/dashboards"] == provider["options"]["path"]
    assert source["url"].strip("${}") in grafana["environment"]
    assert source["type"] == "prometheus"
