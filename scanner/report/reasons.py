"""Why a finding has its severity, and what a reviewer should look at: sentences for `explain`."""

from __future__ import annotations

from scanner.model.finding import Category, Severity
from scanner.report.document import Side

_LEAK = {
    Severity.CRITICAL: "The code itself names the destination, and it is none to which the product's own features, or"
    " the site's policy, send this secret.",
    Severity.HIGH: "A digest of the secret goes to a destination that the code names, or the secret takes a short way"
    " inside one file to a destination that a setting names or that could not be resolved.",
    Severity.MEDIUM: "The destination is right so far as it is known, or only a secret without a name of its own, or a"
    " digest, goes there.",
    Severity.LOW: "No host is named by the code, and the way to the call is long or is assumed in part.",
    Severity.INFO: "This secret is expected at this destination (a feature of the product, the configured server, or"
    " the site's policy), or it is public by design.",
}
_SHOWN = {
    Severity.HIGH: "The file may lie where the web server shows it, or is one that a server runs.",
    Severity.MEDIUM: "The secret itself is shown or stored, and whoever may read that place has it.",
    Severity.LOW: "It is a digest, a secret without a name of its own, or a place that few can read.",
    Severity.INFO: "The value is public by design, or is what the visitor has sent.",
}
_PAYLOAD = {
    Severity.CRITICAL: "The code names a host that is none of the product's documented services, and what that host"
    " answers becomes code, or a file that a server runs.",
    Severity.HIGH: "What comes from outside becomes code, objects or files; its host is known or not named, or the"
    " effect can be turned into code in one more step.",
    Severity.MEDIUM: "What comes from outside decides what happens here, but only in part, or it is checked elsewhere"
    " as a rule.",
    Severity.LOW: "The way is long, or the data is stored where it does not run.",
    Severity.INFO: "Data is stored as the product's features do.",
}
_EGRESS = {
    Severity.HIGH: "The baseline never named this destination, or the package changed under its old version.",
    Severity.MEDIUM: "The destination is none of the product's documented services, or the request decides it; or a"
    " setting of the call that protects it is off.",
    Severity.LOW: "The destination could not be resolved, or a setting of the site names it.",
    Severity.INFO: "The destination is a documented service, is allowed by the site, or is decided by callers that are"
    " reported themselves.",
}
_OTHER = {
    Severity.CRITICAL: "See docs/severity.md.",
    Severity.HIGH: "Code that does not stand in the release runs, or a page became reachable without a login.",
    Severity.MEDIUM: "It is unusual, and what it does depends on what could not be seen here.",
    Severity.LOW: "It is common in applications, or stands in text that nothing includes.",
    Severity.INFO: "It is listed so that a comparison can show when it changes.",
}
_NETWORK_RULES = frozenset({"secret-to-network", "secret-in-redirect"})
_CHECKS: dict[Category, tuple[str, ...]] = {
    Category.EXFILTRATION: (
        "Is the first step really this secret, and not an ordinary value of the same name?",
        "Does each step pass the value on, or does one replace it (a digest, a check, another branch)?",
        "Who can read the last step's destination, and does a feature of the product need the secret there?",
    ),
    Category.PAYLOAD: (
        "Who decides what the first step answers or gets, and is the connection's certificate checked?",
        "Is the data checked on the way: a signature, a fixed list of names, a digest that stands in the release?",
        "Where does the last step put it, and what runs there afterwards?",
    ),
    Category.EGRESS: (
        "Which feature makes this call, and is it in use here?",
        "What is sent: the details below name payload, headers and credentials.",
        "Who may change the destination: the code, a setting, or the request?",
    ),
    Category.CONCEALMENT: ("What runs or is called when the hidden part is spelled out, and why is it hidden?",),
    Category.ENDPOINT: ("Is the page meant to be open, and what do its effects allow to a visitor?",),
    Category.SECRET_USE: ("What is the secret used for here, and did the previous release read it in this place?",),
    Category.BLIND_SPOT: ("Read the code itself: the analysis cannot say what happens here.",),
}


def why(finding: Side) -> str:
    """Why the finding has its severity."""
    if finding.category is Category.EXFILTRATION:
        table = _LEAK if finding.rule in _NETWORK_RULES else _SHOWN
    else:
        table = {Category.PAYLOAD: _PAYLOAD, Category.EGRESS: _EGRESS}.get(finding.category, _OTHER)
    return table.get(finding.severity, _OTHER[finding.severity])


def checks(finding: Side) -> tuple[str, ...]:
    """What a reviewer should ask of the code."""
    return _CHECKS.get(finding.category, ("Compare the place with the previous release.",))
