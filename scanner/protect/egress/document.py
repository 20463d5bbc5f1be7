"""JSON documents of an allow-list and of a check: a contract with other programs, not a dump of the values.

Keys are only added; a changed meaning raises the number in `schema`. `docs/egress.md` describes them.
"""

from __future__ import annotations

import json
from typing import Any

from scanner.model.egress import (
    Deployed,
    EgressCheck,
    EgressGap,
    EgressList,
    EgressRule,
    EgressTarget,
    Reference,
    Service,
)
from scanner.report.escape import well_formed

_VERSION = 1


def list_document(found: EgressList, target: EgressTarget, tool: str) -> str:
    """The allow-list with all reasons, whatever the target's language."""
    return _text(
        {
            "schema": f"redcap-scanner-egress-allowlist/{_VERSION}",
            "tool": {"name": "redcap-scanner", "version": tool},
            "release": {"name": found.release, "version": found.version},
            "target": {"name": target.name, "limits": list(target.limits), "checked": target.checked},
            "incomplete": found.incomplete,
            "rules": [_rule(rule) | {"not_enforced": target.enforces(rule) or None} for rule in found.rules],
            "gaps": [_gap(gap) for gap in found.gaps],
            "browser": [
                {"host": item.host, "references": [_reference(place) for place in item.references]}
                for item in found.browser
            ],
        }
    )


def check_document(result: EgressCheck, found: EgressList, tool: str) -> str:
    """The verdict on a deployed list."""
    return _text(
        {
            "schema": f"redcap-scanner-egress-check/{_VERSION}",
            "tool": {"name": "redcap-scanner", "version": tool},
            "release": {"name": found.release, "version": found.version},
            "baseline": result.baseline or None,
            "target": result.target,
            "verdict": "fail" if result.failed else "pass",
            "incomplete": found.incomplete,
            "entries": result.entries,
            "missing": [_rule(rule) for rule in result.missing],
            "unused": [_deployed(item) for item in result.unused],
            "too_wide": [
                _deployed(item.entry) | {"why": item.why, "severe": item.severe, "instead": list(item.instead)}
                for item in result.wide
            ],
            "held": [_rule(rule) | {"allowed": rule.host.text in result.allowed} for rule in result.held],
            "other_layer": [_rule(rule) for rule in result.other],
            "new": [_rule(rule) for rule in result.new],
            "new_gaps": [_gap(gap) for gap in result.new_gaps],
            "gone": [_rule(rule) for rule in result.gone],
        }
    )


def _text(data: dict[str, Any]) -> str:
    return json.dumps(_clean(data), indent=2, ensure_ascii=True) + "\n"


def _clean(value: Any) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


def _rule(rule: EgressRule) -> dict[str, Any]:
    return {
        "host": rule.host.text,
        "kind": rule.host.kind.value,
        "services": [_service(item) for item in rule.services],
        "need": rule.need.value,
        "feature": rule.feature,
        "known": rule.known,
        "unused": rule.unused,
        "held": rule.held or None,
        "settings": list(rule.settings),
        "references": [_reference(item) for item in rule.references],
        "notes": list(rule.notes),
    }


def _service(service: Service) -> dict[str, Any]:
    return {"protocol": service.protocol, "port": service.port or None, "transport": service.transport}


def _reference(item: Reference) -> dict[str, Any]:
    return {
        "path": item.path,
        "line": item.line,
        "symbol": item.symbol,
        "api": item.api,
        "package": item.package or None,
    }


def _gap(gap: EgressGap) -> dict[str, Any]:
    return {
        "kind": gap.kind.value,
        "subject": gap.subject,
        "text": gap.text,
        "services": [_service(item) for item in gap.services],
        "references": [_reference(item) for item in gap.references],
    }


def _deployed(item: Deployed) -> dict[str, Any]:
    return {"host": item.host.text, "ports": list(item.ports), "line": item.line or None}
