"""The files that a vendor branch starts with."""

from __future__ import annotations

from typing import Final

from scanner.triage.ledger import DECISIONS_FILE, HEADER
from scanner.triage.policy import POLICY_FILE

ATTRIBUTES: Final = f"{DECISIONS_FILE} merge=union\n"
"""Git joins decisions that two branches add side by side."""

POLICY: Final = """\
# Policy of redcap-scanner for this branch. Nothing here leaves files or rules out: what the policy lowers is counted
# and shown in every report. Changes count once they are part of the baseline that a release is compared with.

fail-on = "high"          # critical, high, medium, low, info or never
allow-incomplete = false  # true: a file that could not be read does not fail the run
reviewers = 1             # 2: a decision counts when a second person has agreed

# [[allowed-destination]]            # calls to it are reported as info
# host = "sms.example.net"           # a host, "*.example.net" or "config:some_setting"
# reason = "contract with the SMS provider"

# [[expected-flow]]                  # this secret may go to this destination, and nowhere else
# secret = "config.twilio_auth_token"
# destination = "api.twilio.com"
# reason = "SMS surveys"

# [[secret]]                         # a secret that the scanner does not know
# label = "site.token"
# origin = "redcap_config"           # database.php, redcap_config, table, session, env, function, file
# name = "site_token"

# [[wrapper]]                        # a function that sends, and that the scanner does not know
# callable = "site_send"
# arguments = { 0 = "url", 1 = "payload" }
"""

_INSTALL: Final = 'python -m pip install "redcap-scanner=={version}"'

_GITHUB: Final = """\
name: redcap-scanner
on:
  pull_request:
  push:
permissions:
  contents: read
  security-events: write
jobs:
  scan:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0 # the release before this one is in the history
          persist-credentials: false
{steps}      - if: always()
        uses: github/codeql-action/upload-sarif@v3
        with:
          sarif_file: redcap-scanner.sarif
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: redcap-scanner
          path: redcap-scanner.*
"""
_GITHUB_INSTALLED: Final = """\
      - uses: actions/setup-python@v5
        with:
          python-version: "3.11"
      - run: {install}
      - run: >
          redcap-scanner ci
          --format terminal --format sarif=redcap-scanner.sarif --format json=redcap-scanner.json
"""
_GITHUB_ACTION: Final = """\
      - uses: {action}
"""
_GITLAB: Final = """\
redcap-scanner:
  image: python:3.11
  variables:
    GIT_DEPTH: "0" # the release before this one is in the history
  script:
    - {install}
    - >
      redcap-scanner ci
      --format terminal --format json=redcap-scanner.json
      --format gitlab-codequality=gl-code-quality-report.json --format gitlab-sast=gl-sast-report.json
  artifacts:
    when: always
    paths: [redcap-scanner.json]
    reports:
      codequality: gl-code-quality-report.json
      sast: gl-sast-report.json
"""


def starter_files(ci: str, version: str, action: str | None) -> dict[str, str]:
    """Path -> text of new files, for CI on `github`, `gitlab` or `none`.

    `action` is the GitHub action to use (`owner/redcap-scanner@v1`) in place of an installation by pip.
    """
    install = _INSTALL.format(version=version)
    files = {POLICY_FILE: POLICY, DECISIONS_FILE: HEADER}
    if ci == "github":
        steps = _GITHUB_ACTION.format(action=action) if action else _GITHUB_INSTALLED.format(install=install)
        files[".github/workflows/redcap-scanner.yml"] = _GITHUB.format(steps=steps)
    elif ci == "gitlab":
        files[".gitlab-ci.yml"] = _GITLAB.format(install=install)
    return files
