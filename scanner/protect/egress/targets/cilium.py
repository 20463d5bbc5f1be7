"""Kubernetes with Cilium: a policy by names (`toFQDNs`).

Source: Cilium documentation, layer 3 DNS based policies: names are learned from look-ups that the DNS proxy sees, hence
the rule for the cluster's DNS; a `*` in `matchPattern` stands for one label.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from scanner.errors import ConfigurationError
from scanner.model.egress import Deployed, EgressList, EgressRule, EgressTarget, HostKind
from scanner.protect.egress.entries import entry, port
from scanner.protect.egress.hosts import ANY
from scanner.protect.egress.lines import active, comments, reason

_HEAD = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: redcap-egress
spec:
  endpointSelector:
    matchLabels:
      app: redcap
  egress:
    # Look-ups at the cluster's DNS, of these names only: Cilium learns the addresses from the answers.
    - toEndpoints:
        - matchLabels:
            k8s:io.kubernetes.pod.namespace: kube-system
            k8s:k8s-app: kube-dns
      toPorts:
        - ports:
            - port: "53"
              protocol: ANY
          rules:
            dns:
"""
_DEEPEST = 4
_WORLD = frozenset({"world", "all", "world-ipv4", "world-ipv6"})


def _enforces(rule: EgressRule) -> str:  # noqa: ARG001  names and addresses on any port
    return ""


def _render(found: EgressList) -> str:
    rules = active(found, TARGET)
    text = "\n".join(comments(found, TARGET)) + "\n" + _HEAD
    text += '              - matchPattern: "*.cluster.local"\n'
    names = [selector for rule in rules for selector in _selectors(rule)]
    text += "".join(f"              - {selector}\n" for selector in dict.fromkeys(names))
    return text + "".join(line + "\n" for rule in rules for line in _block(rule))


def _selectors(rule: EgressRule) -> list[str]:
    """`matchName`, or a `matchPattern` for each number of labels that the code may fill in."""
    if rule.host.kind is HostKind.ADDRESS:
        return []
    if rule.host.kind is HostKind.NAME:
        return [f'matchName: "{rule.host.text}"']
    deepest = min(max(rule.depth, 1), _DEEPEST)
    return [f'matchPattern: "{"*." * labels}{rule.host.base}"' for labels in range(1, deepest + 1)]


def _block(rule: EgressRule) -> Iterator[str]:
    services = [item for item in rule.services if item.protocol != "dns"]
    if not services:
        return  # a look-up only, and that stands above
    yield f"    # {reason(rule)}"
    if rule.host.kind is HostKind.ADDRESS:
        yield "    - toCIDR:"
        yield f'        - "{rule.host.text}/{128 if ":" in rule.host.text else 32}"'
    else:
        yield "    - toFQDNs:"
        yield from (f"        - {selector}" for selector in _selectors(rule))
    if all(item.port for item in services):
        yield "      toPorts:"
        yield "        - ports:"
        for number, transport in sorted({(item.port, item.transport.upper()) for item in services}):
            yield f'            - port: "{number}"'
            yield f"              protocol: {transport}"


def _parse(text: str) -> tuple[Deployed, ...]:
    """Entries of every Cilium policy in a file. Raises: ConfigurationError."""
    try:
        documents = [item for item in yaml.safe_load_all(text) if item is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        message = f"not YAML: {str(error).splitlines()[0]}"
        raise ConfigurationError(message) from error
    found: list[Deployed] = []
    for document in documents:
        if not isinstance(document, dict) or "Cilium" not in str(document.get("kind")):
            message = "not a CiliumNetworkPolicy: other policies know no names"
            raise ConfigurationError(message)
        specs = document.get("specs") or [document.get("spec")]
        for spec in specs if isinstance(specs, list) else []:
            for rule in _list(spec, "egress"):
                found += _entries(rule)
    return tuple(found)


def _list(value: object, key: str) -> list[object]:
    """A list below a key; empty when it is missing. Raises: ConfigurationError."""
    inner = value.get(key) if isinstance(value, dict) else None
    if inner is None:
        return []
    if not isinstance(inner, list):
        message = f"{key} is not a list"
        raise ConfigurationError(message)
    return inner


def _entries(rule: object) -> Iterator[Deployed]:
    ports = [
        port(str(item.get("port")))
        for block in _list(rule, "toPorts")
        for item in _list(block, "ports")
        if isinstance(item, dict)
    ]
    for selector in _list(rule, "toFQDNs"):
        if isinstance(selector, dict):
            yield _selected(selector, ports)
    for item in _list(rule, "toCIDR"):
        yield _cidr(str(item), ports)
    for item in _list(rule, "toCIDRSet"):
        yield _cidr(str(item.get("cidr")) if isinstance(item, dict) else "", ports)
    if any(str(item) in _WORLD for item in _list(rule, "toEntities")):
        yield Deployed(ANY, tuple(sorted(set(ports))))


def _selected(selector: dict[object, object], ports: list[int]) -> Deployed:
    pattern = str(selector.get("matchName") or selector.get("matchPattern") or "")
    if pattern == "*":
        return Deployed(ANY, tuple(sorted(set(ports))))
    labels = pattern.count("*.")
    if pattern.startswith("**."):
        pattern, labels = pattern[1:], 0
    return entry(pattern, ports, dot=False, depth=labels)


def _cidr(text: str, ports: list[int]) -> Deployed:
    """A network of one address is an address; a larger one has no name to compare, and counts as everything."""
    address, _, bits = text.partition("/")
    if bits and bits != ("128" if ":" in address else "32"):
        return Deployed(ANY, tuple(sorted(set(ports))))
    return entry(address, ports)


TARGET = EgressTarget(
    name="cilium",
    title="Kubernetes with Cilium",
    checked="read back and compared with a golden file; Cilium itself is not run",
    file="redcap-egress.yaml",
    limits=(
        (
            "Names are learned from look-ups at the cluster's DNS: every other host on the same address is allowed "
            "while the answer is valid."
        ),
        "Kubernetes' own NetworkPolicy knows no names: this needs Cilium.",
        "The policy selects pods with the label app=redcap in its namespace: change it to yours.",
        "Once a policy selects a pod, everything else is denied to it: add your database, mail server and file store.",
    ),
    enforces=_enforces,
    render=_render,
    parse=_parse,
    ports=True,
)
