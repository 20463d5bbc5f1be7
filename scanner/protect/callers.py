"""Who calls the pages of REDCap that need no login: what a rule may ask of them.

Sources: the Control Center's own instructions for cron (a crontab or an HTTP call), the installation and upgrade pages,
which a person opens in a browser, and the pages' own parameters; a page that another organisation's system or a
participant calls cannot be given a secret.
"""

from __future__ import annotations

from typing import NamedTuple

from scanner.model.protection import Mode


class Caller(NamedTuple):
    """How a script is called in real life."""

    mode: Mode
    why: str


PROTECTED = {
    "cron.php": Caller(
        Mode.HEADER,
        "a timer calls it; better still, run it by the php command line and block it here",
    ),
    "install.php": Caller(Mode.BLOCK, "it is needed once: open it for the hour of the installation"),
    "upgrade.php": Caller(Mode.COOKIE, "an administrator opens it in a browser, once per release"),
}
"""By base name. A script that is not in it and is open all the same has no caller that is known."""
UNKNOWN = Caller(Mode.BLOCK, "nobody is known to call it")
OPEN = {
    "ehr.php": "the EHR sends browsers here; a third party builds the address, so it cannot carry a secret",
    "check_upgrade.php": "the upgrade page polls it every few seconds",
    "check_server_ping.php": "the installation page asks it whether the server answers",
    "api/index.php": "programs call the API with their token",
    "API/index.php": "programs call the API with their token",
    "surveys/index.php": "participants open it",
    "Surveys/index.php": "participants open it",
    "SendIt/download.php": "recipients of a file open it from a mail",
    "index.php?route=SendItController:download": "recipients of a file open it from a mail",
    "Calendar/feed.php": "calendar programs read it with a hash",
    "ExternalModules/index.php": "pages of external modules that are open by design go through it",
    "PubMatch/index.php": "authors open it from a mail",
    "PubMatch/index_ajax.php": "the page for authors calls it",
}
"""By end of path: pages that a caller without the secret must reach."""
BY_CHECK = {
    "token": "it checks a token of the caller",
    "survey-hash": "it checks the hash of a survey or of a link",
}
