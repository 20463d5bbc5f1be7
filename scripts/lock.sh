#!/usr/bin/env bash
# Refreshes requirements.lock and benchmarks/requirements.lock from pyproject.toml.
# Usage: scripts/lock.sh [pip-compile options, for example --upgrade]
# Own virtual environment, so that the tool that writes the lock is not part of it.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-python3.11}"
venv="$(mktemp -d)"
trap 'rm -rf "$venv"' EXIT
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet pip-tools

compile() {
    # The --no-emit options keep the machine's own package index out of the file.
    CUSTOM_COMPILE_COMMAND="make lock" "$venv/bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate "$@"
}

compile --extra dev --all-build-deps --output-file requirements.lock "$@" pyproject.toml
compile --output-file benchmarks/requirements.lock "$@" benchmarks/requirements.in
