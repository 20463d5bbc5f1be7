"""Unpack four real PHP applications from three Debian suites into `.corpus/<application>-<suite>/`.

The mirror is the one that this machine's apt uses; its own tool does the downloads, so proxies, certificates and
mirror lists apply as configured. Each suite's `InRelease` is checked with the Debian archive keys where `gpgv` and
the keyring exist; the package index is checked against it, and every package against the index. No version is
pinned: a point release moves them, and the folder is then made anew.

Safe to stop at any time: a download is renamed into place when its checksum fits, a folder when it is complete.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

APPLICATIONS = ("phpmyadmin", "wordpress", "mediawiki", "roundcube-core")
SUITES = ("bullseye", "bookworm", "trixie")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
APT_HELPER = Path("/usr/lib/apt/apt-helper")
# All four packages are `Architecture: all`. The index of any real architecture lists those too.
INDEX = "main/binary-amd64/Packages.xz"
DONE = ".complete"


class CorpusError(Exception):
    """The corpus could not be made; the text says why in one line."""


class Package(NamedTuple):
    """One package of one suite as its index gives it."""

    name: str
    suite: str
    filename: str
    sha256: str


def run(*command: str | Path) -> str:
    """Standard output of a program.

    Raises: CorpusError with the last line of its standard error when it fails or does not exist.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    except FileNotFoundError as error:
        message = f"{command[0]} is missing: this target needs a Debian system"
        raise CorpusError(message) from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in str(error.stderr).splitlines() if not line.startswith("W:")]
        message = f"{Path(command[0]).name} failed: {lines[-1] if lines else error.returncode}"
        raise CorpusError(message) from error
    return done.stdout


def find_mirror() -> str:
    """Address of the mirror of Debian's main archive that apt uses here; refreshes apt's lists when there are none."""
    for attempt in ("as it is", "after an update"):
        output = run(
            "apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL) $(COMPONENT)", "Created-By: Packages"
        )
        for line in output.splitlines():
            site, *archive = line.split(" ")
            if archive == ["Debian", "Debian", "main"]:
                return site.rstrip("/")
        if attempt == "as it is":
            run("flock", Path(__file__).with_name("need.sh"), "apt-get", "update")  # which holds it while it installs
    message = "apt has no index of Debian's main archive here: check its sources and run `apt-get update`"
    raise CorpusError(message)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(address: str, target: Path, sha256: str = "") -> None:
    """Fetch with apt's own downloader; the target appears only when its checksum fits."""
    if sha256 and target.exists() and sha256_of(target) == sha256:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        run(APT_HELPER, "download-file", address, part)
        if sha256 and sha256_of(part) != sha256:
            message = f"checksum of {target.name} differs from its index"
            raise CorpusError(message)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def release_text(mirror: str, suite: str, cache: Path) -> str:
    """Text of a suite's release file, its signature checked when that is possible here."""
    signed = cache / f"{suite}.InRelease"
    download(f"{mirror}/dists/{suite}/InRelease", signed)
    if shutil.which("gpgv") and KEYRING.exists():
        return run("gpgv", "--quiet", "--keyring", KEYRING, "--output", "-", signed)
    sys.stderr.write(f"note: no gpgv or no {KEYRING.name} here: the signature of {suite} is not checked\n")
    return signed.read_text("utf-8")


def index_sha256(release: str) -> str:
    """SHA-256 of the package index as the release file gives it."""
    section = release.partition("\nSHA256:\n")[2]
    for line in section.splitlines():
        if not line.startswith(" "):
            break
        fields = line.split()
        if fields[2:] == [INDEX]:
            return fields[0]
    message = f"the release file does not list {INDEX}"
    raise CorpusError(message)


def find_packages(suite: str, index: str) -> list[Package]:
    """The newest entry of every application in a package index."""
    found: dict[str, Package] = {}
    for stanza in index.split("\n\n"):
        name = stanza.partition("\n")[0].removeprefix("Package: ")
        if name not in APPLICATIONS:
            continue
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line and line[0] != " ")
        found[name] = Package(name, suite, fields["Filename"], fields["SHA256"])
    missing = [name for name in APPLICATIONS if name not in found]
    if missing:
        message = f"{suite} has no package {', '.join(missing)}"
        raise CorpusError(message)
    return [found[name] for name in APPLICATIONS]


def unpack(archive: Path, target: Path, mark: str) -> None:
    """Unpack a Debian package beside the target, then put it in its place."""
    fresh = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        run("dpkg-deb", "--extract", archive, fresh)
        shutil.rmtree(target, ignore_errors=True)
        fresh.replace(target)
        (target.parent / f"{target.name}{DONE}").write_text(mark, "ascii")
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def is_done(target: Path, mark: str) -> bool:
    """Whether the folder holds exactly this package."""
    done = target.parent / f"{target.name}{DONE}"
    return target.is_dir() and done.is_file() and done.read_text("ascii") == mark


def make_suite(mirror: str, suite: str, corpus: Path) -> None:
    """Unpack every application of one suite."""
    cache = corpus / ".downloads"
    sha256 = index_sha256(release_text(mirror, suite, cache))
    index = cache / f"{suite}.Packages.xz"
    download(f"{mirror}/dists/{suite}/{INDEX}", index, sha256)
    for package in find_packages(suite, lzma.decompress(index.read_bytes()).decode("utf-8", "replace")):
        target = corpus / f"{package.name}-{suite}"
        if is_done(target, package.sha256):
            continue
        archive = cache / Path(package.filename).name
        download(f"{mirror}/{package.filename}", archive, package.sha256)
        unpack(archive, target, package.sha256)
        archive.unlink()
        print(f"unpacked {target.name} from {archive.name}")


def is_complete(corpus: Path) -> bool:
    """Whether every application of every suite is there, whatever its version."""
    names = [f"{name}-{suite}" for name in APPLICATIONS for suite in SUITES]
    return all((corpus / name).is_dir() and (corpus / f"{name}{DONE}").is_file() for name in names)


def remove_leftovers(corpus: Path) -> None:
    """Remove what killed runs left behind: parts whose process is gone."""
    for part in (*corpus.glob("*.part"), *(corpus / ".downloads").glob("*.part")):
        process = part.name.split(".")[-2]
        if not Path("/proc", process).exists():
            shutil.rmtree(part) if part.is_dir() else part.unlink()


def main() -> int:
    """Make the corpus; with `--refresh` look for newer packages even when it is complete."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--refresh", action="store_true", help="look for newer packages even when all are there")
    parser.add_argument("--target", type=Path, default=Path(__file__).resolve().parent.parent / ".corpus")
    options = parser.parse_args()
    if is_complete(options.target) and not options.refresh:
        return 0
    try:
        remove_leftovers(options.target)
        mirror = find_mirror()
        for suite in SUITES:
            make_suite(mirror, suite, options.target)
    except (CorpusError, OSError, lzma.LZMAError) as error:
        sys.stderr.write(f"error: corpus: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
