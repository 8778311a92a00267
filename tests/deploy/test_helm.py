"""The chart, as the real Helm reads it and the schemas of the Kubernetes API judge it. Takes 2 s."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from healthcheck import __version__
from healthcheck.commands.arguments import build_parser
from healthcheck.engine.discovery import discover
from healthcheck.plan import load
from tests.support import require
from tools.chart import CHART, RULES

Values = dict[str, Any]

KUBERNETES = ("1.25", "1.31", "1.37")
FULL_NAME = "watch-sagemaker-healthcheck"
IMAGE = {"repository": "registry.example/sagemaker-healthcheck"}
ROLE = "arn:aws:iam::111122223333:role/healthcheck"
SETTINGS = {
    "targets": [
        {
            "name": "prod",
            "account": "012345678901",
            "regions": ["eu-west-1", "us-east-1"],
            "role": "arn:aws:iam::012345678901:role/service-role/Training",
            "assume_role": {"arn": "arn:aws:iam::012345678901:role/reader", "external_id": "${EXTERNAL_ID}"},
            "labels": {"team": "vision", "_stage": "prod"},
        }
    ],
    "checks": {"credentials.expiry": {"horizon": "2h"}, "role.*": {"every": "30m"}},
    "daemon": {"workers": 128, "shutdown_after": "10s"},
}
PLAIN: Values = {"image": IMAGE}
OPEN: Values = {
    "image": IMAGE | {"tag": "1.2.3@sha256:" + 64 * "a", "pullSecrets": [{"name": "registry"}]},
    "settings": SETTINGS,
    "aws": {"roleArn": ROLE, "region": "eu-west-1"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
    "env": [{"name": "EXTERNAL_ID", "valueFrom": {"secretKeyRef": {"name": "external", "key": "id"}}}],
    "envFrom": [{"secretRef": {"name": "more"}}],
    "volumes": [{"name": "aws", "configMap": {"name": "aws-config"}}],
    "volumeMounts": [{"name": "aws", "mountPath": "/etc/aws", "readOnly": True}],
    "podAnnotations": {"note": "watched"},
    "podLabels": {"team": "platform"},
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "system", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
    "networkPolicy": {
        "ingressFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
        "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.0.0.7/32"}}], "ports": [{"port": 3128, "protocol": "TCP"}]}],
    },
}
LOCKED: Values = {
    "image": IMAGE,
    "existingConfigMap": "settings-of-ours",
    "serviceAccount": {"create": False, "name": "ours"},
    "webConfig": {
        "existingSecret": "web",
        "tls": True,
        "probe": {"user": "kubelet", "passwordFile": "password", "certFile": "tls.crt", "keyFile": "tls.key"},
    },
    "serviceMonitor": {
        "enabled": True,
        "basicAuth": {"username": {"name": "web", "key": "user"}, "password": {"name": "web", "key": "password"}},
        "tlsConfig": {"ca": {"secret": {"name": "web", "key": "ca.crt"}}, "serverName": "healthcheck"},
    },
    "networkPolicy": {"enabled": False},
    "listenHost": "[::]",
}
(DOCUMENTED,) = re.findall(
    r"```yaml\n(image:\n.*?)```", (CHART.parents[2] / "docs/production.md").read_text("utf-8"), re.DOTALL
)
SETUPS: dict[str, Values] = {"plain": PLAIN, "open": OPEN, "locked": LOCKED, "documented": yaml.safe_load(DOCUMENTED)}


@pytest.fixture(scope="module")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


def rendered(chart: helm_python.Chart, values: Values, name: str = "watch") -> dict[str, str]:
    return chart.render(values, name=name, namespace="ops")


def objects(chart: helm_python.Chart, values: Values, name: str = "watch") -> dict[str, Any]:
    """The rendered objects, by kind; there is at most one of each."""
    found = {
        document["kind"]: document
        for path, text in rendered(chart, values, name).items()
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    }
    assert {document["metadata"]["namespace"] for document in found.values()} == {"ops"}
    return found


def pod_of(chart: helm_python.Chart, values: Values) -> Any:
    return objects(chart, values)["Deployment"]["spec"]["template"]


def container_of(chart: helm_python.Chart, values: Values) -> Any:
    (container,) = pod_of(chart, values)["spec"]["containers"]
    return container


@pytest.mark.parametrize("values", [{}, *SETUPS.values()], ids=["none", *SETUPS])
def test_lint_has_nothing_to_say(values: Values) -> None:
    report = helm_python.lint(CHART, values, strict=True)
    assert [(message["severity"], message["error"]) for message in report["messages"]] == [(1, "icon is recommended")]
    assert report["errors"] == []


def test_the_chart_can_be_packaged(tmp_path: Path) -> None:
    archive = helm_python.package(CHART, destination=tmp_path)
    with helm_python.Chart.load(archive) as packaged:
        assert (packaged.name, packaged.version) == ("sagemaker-healthcheck", __version__)
        assert packaged.metadata["appVersion"] == __version__
        assert objects(packaged, OPEN).keys() == {
            "ConfigMap",
            "Deployment",
            "NetworkPolicy",
            "PrometheusRule",
            "Service",
            "ServiceAccount",
            "ServiceMonitor",
        }


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("setup", SETUPS)
def test_kubernetes_would_take_each_object(chart: helm_python.Chart, setup: str, version: str) -> None:
    known = {
        kind: document
        for kind, document in objects(chart, SETUPS[setup]).items()
        if not document["apiVersion"].startswith("monitoring.coreos.com/")
    }
    assert known.keys() >= {"Deployment", "Service"}
    for document in known.values():
        kubernetes_validate.validate(document, version, strict=True)


def test_kubernetes_would_refuse_a_misspelt_field(chart: helm_python.Chart) -> None:
    """So that the test above says something."""
    deployment = objects(chart, PLAIN)["Deployment"]
    deployment["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError, match="enableServiceLink"):
        kubernetes_validate.validate(deployment, KUBERNETES[0], strict=True)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"imge": {}}, "additional properties 'imge' not allowed"),
        ({"settings": {"targest": []}}, "at '/settings': additional properties 'targest' not allowed"),
        # Helm would make 1.11122223333e+11 of it.
        (
            {"settings": {"targets": [{"name": "a", "account": 111122223333}]}},
            "at '/settings/targets/0/account': got number, want string",
        ),
        ({"settings": {"checks": {"role.trsut": {}}}}, "invalid propertyName 'role.trsut'"),
        ({"settings": {"checks": {"credentials.expiry": {"horizn": "1h"}}}}, "'horizn' not allowed"),
        ({"settings": {"daemon": {"workers": 0}}}, "at '/settings/daemon/workers': minimum: got 0, want 1"),
        ({"service": {"port": 99999}}, "at '/service/port': maximum: got 99,999, want 65,535"),
        ({"aws": {"roleArn": "healthcheck"}}, "at '/aws/roleArn': 'healthcheck' does not match pattern"),
        ({"webConfig": {"probe": {"user": "kubelet"}}}, "at '/webConfig/probe/passwordFile': minLength"),
        ({"webConfig": {"probe": {"certFile": "tls.crt"}}}, "at '/webConfig/probe/keyFile': minLength"),
        ({"serviceMonitor": {"interval": "often"}}, "at '/serviceMonitor/interval': 'often' does not match pattern"),
        ({"networkPolicy": {"enabled": "yes"}}, "at '/networkPolicy/enabled': got string, want boolean"),
        ({"listenHost": "::"}, "at '/listenHost': '::' does not match pattern"),
    ],
)
def test_bad_values_are_refused_with_a_sentence(chart: helm_python.Chart, values: Values, sentence: str) -> None:
    with pytest.raises(helm_python.HelmValuesError) as refused:
        rendered(chart, PLAIN | values)
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "image.repository is empty: build the image"),
        (PLAIN | {"settings": SETTINGS, "existingConfigMap": "other"}, "settings and existingConfigMap are both given"),
    ],
)
def test_what_no_schema_can_say_is_refused_too(chart: helm_python.Chart, values: Values, sentence: str) -> None:
    with pytest.raises(helm_python.HelmError, match=sentence):
        rendered(chart, values)


def test_settings_of_checks_that_others_contribute_are_taken(chart: helm_python.Chart) -> None:
    """Which are installed only the image knows; the daemon refuses what it does not know."""
    settings = {"checks": {"acme.licences": {"most": 5}}}
    assert yaml.safe_load(objects(chart, PLAIN | {"settings": settings})["ConfigMap"]["data"]["healthcheck.yaml"]) == (
        settings
    )


def test_the_program_takes_the_settings_that_arrive(chart: helm_python.Chart, tmp_path: Path) -> None:
    file = tmp_path / "healthcheck.yaml"
    file.write_text(objects(chart, OPEN)["ConfigMap"]["data"]["healthcheck.yaml"])
    plan = load(file, discover().registry, environ={"EXTERNAL_ID": "x1"}, ambient_region=lambda _: None)
    assert [planned.name for planned in plan.targets] == ["prod/eu-west-1", "prod/us-east-1"]
    assert {planned.target.account for planned in plan.targets} == {"012345678901"}
    assert {planned.target.source.external_id for planned in plan.targets} == {"x1"}
    assert plan.daemon.workers == 128


@pytest.mark.parametrize("setup", SETUPS)
def test_the_program_takes_the_arguments(chart: helm_python.Chart, setup: str) -> None:
    container = container_of(chart, SETUPS[setup])
    arguments = build_parser().parse_args(container["args"])
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    files = [file for file in (arguments.config, arguments.web_config) if file]
    assert arguments.command == "serve:execute"
    assert arguments.listen in {"0.0.0.0:9479", "[::]:9479"}
    assert len(files) == {"plain": 0, "open": 1, "locked": 2, "documented": 1}[setup]
    assert {str(Path(file).parent) for file in files} <= mounts


@pytest.mark.parametrize("setup", SETUPS)
def test_each_mount_has_its_volume(chart: helm_python.Chart, setup: str) -> None:
    pod = pod_of(chart, SETUPS[setup])["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == volumes.keys()
    named = {"open": FULL_NAME, "locked": "settings-of-ours"}
    if setup in named:
        assert volumes["settings"]["configMap"]["name"] == named[setup]


@pytest.mark.parametrize("setup", SETUPS)
def test_the_pod_is_restricted(chart: helm_python.Chart, setup: str) -> None:
    """As the Pod Security Standard `restricted` has it (Kubernetes documentation, read 2026-11), and read-only."""
    pod = pod_of(chart, SETUPS[setup])["spec"]
    container = container_of(chart, SETUPS[setup])
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod.keys()
    assert all("hostPort" not in port for port in container["ports"])
    assert {next(key for key in volume if key != "name") for volume in pod["volumes"]} <= {
        "configMap",
        "emptyDir",
        "secret",
    }
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "fsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]
    assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_the_user_is_the_one_of_the_image(chart: helm_python.Chart) -> None:
    dockerfile = (CHART.parents[1] / "container" / "Dockerfile").read_text("utf-8")
    context = pod_of(chart, PLAIN)["spec"]["securityContext"]
    assert f"USER {context['runAsUser']}:{context['runAsGroup']}" in dockerfile
    assert 'ENTRYPOINT ["sagemaker-healthcheck"]' in dockerfile


def test_an_open_daemon_is_probed_by_the_kubelet(chart: helm_python.Chart) -> None:
    container = container_of(chart, PLAIN)
    assert container["livenessProbe"]["httpGet"] == {"path": "/-/healthy", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/-/ready", "port": "http"}
    assert [port["name"] for port in container["ports"]] == ["http"]


def test_tls_alone_is_probed_by_the_kubelet_too(chart: helm_python.Chart) -> None:
    values = PLAIN | {"webConfig": {"existingSecret": "web", "tls": True}}
    assert container_of(chart, values)["readinessProbe"]["httpGet"] == {
        "path": "/-/ready",
        "port": "http",
        "scheme": "HTTPS",
    }


def test_a_locked_daemon_is_asked_from_within(chart: helm_python.Chart) -> None:
    container = container_of(chart, LOCKED)
    for probe, asks_ready in (("livenessProbe", False), ("readinessProbe", True)):
        program, *words = container[probe]["exec"]["command"]
        arguments = build_parser().parse_args(words)
        assert program == "sagemaker-healthcheck"
        assert arguments.command == "ping:execute"
        assert arguments.ready is asks_ready
        assert (arguments.url, arguments.insecure) == ("https://localhost:9479", True)
        assert (arguments.user, arguments.password_file) == ("kubelet", "/etc/sagemaker-healthcheck/web/password")
        assert (arguments.cert, arguments.key) == (
            "/etc/sagemaker-healthcheck/web/tls.crt",
            "/etc/sagemaker-healthcheck/web/tls.key",
        )


def test_one_daemon_runs_and_the_next_is_ready_before_it_goes(chart: helm_python.Chart) -> None:
    spec = objects(chart, PLAIN)["Deployment"]["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_changed_settings_roll_the_pod(chart: helm_python.Chart) -> None:
    def annotations(workers: int) -> Any:
        values = PLAIN | {"settings": {"daemon": {"workers": workers}}}
        return pod_of(chart, values)["metadata"]["annotations"]

    assert annotations(8) == annotations(8)
    assert annotations(8) != annotations(9)


def test_everything_finds_the_pod(chart: helm_python.Chart) -> None:
    found = objects(chart, OPEN)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    selectors = (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    )
    for selector in selectors:
        assert selector == {"app.kubernetes.io/name": "sagemaker-healthcheck", "app.kubernetes.io/instance": "watch"}
        assert selector.items() <= labels.items()
    assert labels["team"] == "platform"
    (port,) = found["Service"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (9479, "http")
    assert found["ServiceMonitor"]["spec"]["selector"]["matchLabels"].items() <= (
        found["Service"]["metadata"]["labels"].items()
    )


def test_a_role_for_the_service_account_is_its_annotation(chart: helm_python.Chart) -> None:
    found = objects(chart, OPEN)
    assert found["ServiceAccount"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": ROLE}
    assert found["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == FULL_NAME


def test_without_a_role_the_notes_lead_to_pod_identity(chart: helm_python.Chart) -> None:
    def notes(values: Values) -> str:
        return rendered(chart, values)["sagemaker-healthcheck/templates/NOTES.txt"]

    command = f"create-pod-identity-association --cluster-name CLUSTER --namespace ops --service-account {FULL_NAME} "
    assert command in notes(PLAIN)
    assert "create-pod-identity-association" not in notes(OPEN)
    assert "every pod of the cluster" in notes(PLAIN | {"networkPolicy": {"enabled": False}})
    assert "every pod of the cluster" not in notes(LOCKED)


def test_an_account_of_ones_own_is_used_and_not_made(chart: helm_python.Chart) -> None:
    found = objects(chart, LOCKED)
    assert "ServiceAccount" not in found
    assert found["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == "ours"


@pytest.mark.parametrize(
    ("release", "override", "name"),
    [
        ("watch", "", FULL_NAME),
        ("sagemaker-healthcheck", "", "sagemaker-healthcheck"),
        ("my-sagemaker-healthcheck", "", "my-sagemaker-healthcheck"),
        ("watch", "doctor", "doctor"),
        ("w" * 53, "", "w" * 53 + "-sagemaker"),
    ],
)
def test_names(chart: helm_python.Chart, release: str, override: str, name: str) -> None:
    found = objects(chart, PLAIN | {"fullnameOverride": override}, release)
    assert {document["metadata"]["name"] for document in found.values()} == {name}


def test_the_network_is_closed_but_for_what_is_named(chart: helm_python.Chart) -> None:
    policy = objects(chart, OPEN)["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == [
        {"from": OPEN["networkPolicy"]["ingressFrom"], "ports": [{"port": "http", "protocol": "TCP"}]}
    ]
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["egress"]]
    assert ports == [[53, 53], [443], [80], [3128]]
    agent = policy["egress"][2]["to"]
    assert [peer["ipBlock"]["cidr"] for peer in agent] == ["169.254.170.23/32", "fd00:ec2::23/128"]


def test_nobody_named_is_nobody_let_in(chart: helm_python.Chart) -> None:
    """An ingress rule without `from` would let in everybody."""
    policy = objects(chart, PLAIN | {"networkPolicy": {"ingressFrom": []}})["NetworkPolicy"]["spec"]
    assert policy["ingress"] == []


def test_the_monitor_scrapes_as_the_alert_rules_expect(chart: helm_python.Chart) -> None:
    monitor = objects(chart, LOCKED)["ServiceMonitor"]["spec"]
    assert monitor == {
        "jobLabel": "app.kubernetes.io/name",
        "selector": {
            "matchLabels": {
                "app.kubernetes.io/name": "sagemaker-healthcheck",
                "app.kubernetes.io/instance": "watch",
            }
        },
        "namespaceSelector": {"matchNames": ["ops"]},
        "endpoints": [
            {
                "port": "http",
                "path": "/metrics",
                "interval": "30s",
                "scheme": "https",
                "basicAuth": LOCKED["serviceMonitor"]["basicAuth"],
                "tlsConfig": LOCKED["serviceMonitor"]["tlsConfig"],
            }
        ],
    }


def test_the_rules_are_those_of_the_file(chart: helm_python.Chart) -> None:
    rules = objects(chart, OPEN)["PrometheusRule"]
    assert rules["spec"] == yaml.safe_load(RULES.read_text("utf-8"))
    assert rules["metadata"]["labels"]["release"] == "prometheus"


def test_the_rules_lead_where_the_values_say(chart: helm_python.Chart, tmp_path: Path) -> None:
    own = {
        "enabled": True,
        "routeBy": "squad",
        "docsUrl": "https://team.example/healthcheck/",
        "pageUrl": "https://health.example/",
    }
    spec = objects(chart, OPEN | {"prometheusRule": own})["PrometheusRule"]["spec"]
    broken = next(rule for rule in spec["groups"][0]["rules"] if rule.get("alert") == "SageMakerSetupBroken")
    assert broken["annotations"]["runbook_url"].startswith("https://team.example/healthcheck/docs/checks.md#")
    assert "Fix: https://health.example/#{{ $labels.incident }}" in broken["annotations"]["description"]
    assert "squad" in broken["expr"]
    assert "team" not in broken["expr"]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(spec))
    done = subprocess.run(
        [require("promtool", package="prometheus"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
