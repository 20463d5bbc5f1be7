#!/usr/bin/env bash
# Makes sure that programs exist, and installs their Debian packages when they do not.
# Usage: need.sh PROGRAM PACKAGE [PROGRAM PACKAGE ...]
#            PROGRAM with a slash is a file pattern instead: '/usr/lib/apache2/modules/libphp*.so'
#        need.sh --python PYTHON   that PYTHON is 3.11 or newer
#        need.sh --venv PYTHON     and can make virtual environments
set -euo pipefail
NEED="$0"

install_packages() {
    if ! command -v apt-get >/dev/null; then
        echo "error: please install: $*" >&2
        exit 2
    fi
    exec 9<"$NEED"
    flock 9 # until the end: apt's own locks make a second one fail, and `make -j` starts several
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n); fi
    echo "installing Debian packages: $*"
    # Servers are installed to be run by the tests on their own ports: none is to start by itself.
    local policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" install -m 755 /dev/stdin "$policy"
        # shellcheck disable=SC2064  the path as it is now
        trap "${sudo[*]} rm -f $policy" EXIT
    fi
    "${sudo[@]}" apt-get update -qq
    local here=() backports=() package
    for package in "$@"; do
        if apt-cache policy "$package" | grep -q '^  Candidate: [^(]'; then here+=("$package"); else backports+=("$package"); fi
    done
    if [ "${#here[@]}" -gt 0 ]; then install_from "${sudo[*]}" "${here[@]}"; fi
    if [ "${#backports[@]}" -gt 0 ]; then install_backports "${sudo[*]}" "${backports[@]}"; fi
}

install_from() { # SUDO PACKAGE_OR_OPTION...
    local sudo="$1"
    shift
    # shellcheck disable=SC2086  an empty SUDO is no word
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "$@" </dev/null
}

# A stable Debian drops a package now and then (suricata in 12) and has it in its backports. They come from the mirror of
# the main archive that apt uses, for this one call: the machine's own sources stay as they are.
install_backports() { # SUDO PACKAGE...
    local sudo="$1" suite site parts options
    shift
    suite="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")-backports"
    site="$(apt-get indextargets --format '$(SITE) $(ORIGIN) $(LABEL) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 == "Debian" && $4 == "main" {print $1; exit}')"
    if [ -z "$site" ]; then
        echo "error: apt has no index of Debian's main archive here; please install: $*" >&2
        exit 2
    fi
    parts="$(mktemp -d)"
    chmod 755 "$parts"
    mkdir -p "$parts/sources" "$parts/lists/partial"
    cp /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources "$parts/sources" 2>/dev/null || true
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$parts/sources/backports.list"
    options=(-o "Dir::Etc::sourceparts=$parts/sources" -o "Dir::State::lists=$parts/lists")
    # shellcheck disable=SC2086  an empty SUDO is no word
    $sudo apt-get "${options[@]}" update -qq
    install_from "$sudo" "${options[@]}" -t "$suite" "$@"
    # shellcheck disable=SC2086  an empty SUDO is no word
    $sudo rm -rf "$parts"
}

if [ "${1:-}" = "--venv" ] || [ "${1:-}" = "--python" ]; then
    python="${2:-}"
    if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        echo "error: Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3.11 ..." >&2
        exit 2
    fi
    if [ "$1" = "--venv" ] && ! "$python" -c 'import ensurepip' 2>/dev/null; then
        install_packages "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    exit 0
fi

present() {
    case "$1" in
        */*) compgen -G "$1" >/dev/null ;;
        *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
    esac
}

missing=()
while [ "$#" -ge 2 ]; do
    if ! present "$1"; then missing+=("$2"); fi
    shift 2
done
if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
