"""Command lines: which hosts stand in them, and whether a program in them uses the network."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from scanner.analysis.destinations import COMMON_DOMAINS, LOCAL, UNRESOLVED, url_destination
from scanner.analysis.summary import Hit
from scanner.analysis.templates import HoleTable, is_known
from scanner.analysis.values import Val

KINDS = frozenset({"exec", "process"})
_ROLES = ("command", "path", "payload")
_TOOLS = re.compile(
    r"(?:^|[\s/|;&(`'\"])(curl|wget|nc|ncat|netcat|socat|telnet|ssh|scp|sftp|rsync|ftp|lftp|tftp|dig|nslookup|host|"
    r"drill|ping|ping6|traceroute|whois|finger|mail|mailx|sendmail|mutt|msmtp|swaks|openssl|git|svn|aws|gsutil|gcloud|"
    r"az|azcopy|rclone|mysql|mysqldump|psql|pg_dump|redis-cli|mongo|mongodump|smbclient|ldapsearch|snmpget|python3?|"
    r"perl|ruby|node|php|powershell|pwsh|certutil|bitsadmin|docker|kubectl|pip|npm|composer|bash|sh|aria2c|http|https|"
    r"logger|busybox|lynx|links|w3m|fetch|xh)(?=\s|$)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\s'\"|;&()<>`,]+")
_NAME = re.compile(r"(?:[^@\s]*@)?(?:[^\s/@.]*\.)+[A-Za-z]{2,24}\.?(?:[:/].*)?")
_ADDRESS = re.compile(r"(?:[^@\s]*@)?(?:\d{1,3}\.){3}\d{1,3}(?:[:/].*)?")
_SPECIAL = re.compile(r"/dev/(?:tcp|udp)/([^/\s]+)")
_HOST_OPTION = re.compile(r"(?:^|\s)(?:-h\s*|--host[=\s])['\"]?([^\s'\"]+)")
_FILE_OPTIONS = frozenset({"-o", "-O", "-T", "-K", "-i", "-F", "-f", "-E", "-c", "-b", "--output", "--config", "--cert",
                           "--cookie-jar", "--cacert", "--key", "-out", "-in"})  # fmt: skip
_FILE_NAME = re.compile(
    r"[^:@]*\.(?:php|phar|py|pl|rb|js|sh|bat|exe|jar|txt|log|json|xml|csv|sql|ya?ml|conf|cnf|ini|pem|key|crt|cer|html?|css|"
    r"pdf|png|jpe?g|gif|svg|gz|tgz|bz2|xz|zip|tar|tmp|lock|out|err|pid|sock|so|dll|md)",
    re.IGNORECASE,
)
_TAKES_FILES = re.compile(
    r"(?:^|[\s/|;&(`'\"])(?:python3?|perl|ruby|node|php|bash|sh|mysql|mysqldump|psql|pg_dump|openssl|git|svn|docker|"
    r"composer|npm|pip)\s",
    re.IGNORECASE,
)
_TAKE_ADDRESSES = frozenset({"git", "svn"})
"""Programs that take no bare name for a host: `host:path`, or an address (git-clone(1)); `safe.bareRepository` is a
setting, `v1.x` a branch."""
_SEPARATOR = re.compile(r"[|;&\n`(!]")
"""Between commands of a line; an alias of git that begins with `!` is one of the shell."""
_OF_HOST = re.compile(r"proxy|server|host|url|listen", re.IGNORECASE)
"""In a setting or an option behind which even these name a host: `git config http.proxy`."""
_CAMEL = re.compile(r"\.(?=\w{8})([a-z]+[A-Z][A-Za-z]*)\.?\Z")
"""The end of a word that is no domain, but the name of a setting or of a method; a short one may be a domain."""
_MAX_LENGTH = 4_000
_MAX_LINES = 24


def command_lines(hit: Hit) -> list[str]:
    """Command lines that a call may run, as templates; a list of words counts as one line."""
    return sorted({line for role in _ROLES if role in hit.roles for line in _lines(hit.roles[role])})


def _lines(value: Val) -> Iterator[str]:
    yield from value.texts
    if not value.items:
        return
    words = [sorted(value.items[key].texts)[:2] or [""] for key in sorted(value.items, key=lambda k: (len(k), k))]
    words = [sorted(value.texts)[:2], *words] if value.texts else words  # `pcntl_exec($program, $words)`
    yield from (" ".join(line) for line in itertools.islice(itertools.product(*words), _MAX_LINES))


def uses_network(line: str) -> bool:
    """Whether a program that can use the network stands in a command line."""
    return _TOOLS.search(line[:_MAX_LENGTH]) is not None or "/dev/tcp/" in line or "/dev/udp/" in line


def hosts(line: str, holes: HoleTable) -> set[str]:
    """Hosts that a command line names: in URLs, in `/dev/tcp/host/port`, and as words beside a network program."""
    line = line[:_MAX_LENGTH]
    found = {url_destination(match[1], holes, bare_host=True).name for match in _SPECIAL.finditer(line)}
    network = uses_network(line)
    if network:
        found |= {url_destination(match[1], holes, bare_host=True).name for match in _HOST_OPTION.finditer(line)}
    takes_files = _TAKES_FILES.search(line) is not None
    before = ""
    for match in _WORD.finditer(line):
        word = match[0]
        if "://" in word:
            found.add(url_destination(word[_scheme(word) :], holes).name)
        elif network and (setting := _host_setting(word)):
            found.add(url_destination(setting, holes, bare_host=True).name)
        elif network and _may_be_host(word, before, line[: match.start()], takes_files=takes_files):
            found.add(url_destination(word, holes, bare_host=True).name)
        before = word
    return {UNRESOLVED if _only_an_ending(name) else name for name in found} - {LOCAL}


def _only_an_ending(name: str) -> bool:
    """`*.org` is what is left of a host of which nothing is known: it names nobody."""
    return name.startswith("*") and "." not in name.lstrip("*.")


def _scheme(word: str) -> int:
    """Where a URL begins inside a word such as `--url=https://...`."""
    start = word.index("://")
    while start and (word[start - 1].isalnum() or word[start - 1] in "+-."):
        start -= 1
    return start


def _host_setting(word: str) -> str:
    """Host in a word like `http.proxy=proxy.example.org:3128`, or nothing."""
    name, _separator, value = word.partition("=")
    is_host = _OF_HOST.search(name) and (_NAME.fullmatch(value) or _ADDRESS.fullmatch(value))
    return value if is_host else ""


def _only_addresses(line: str) -> bool:
    """Whether the command in front of a word takes no bare names for hosts; one that names other programs may."""
    programs = {name.lower() for name in _TOOLS.findall(_SEPARATOR.split(line)[-1])}
    return bool(programs) and programs <= _TAKE_ADDRESSES


def _may_be_host(word: str, before: str, line: str, *, takes_files: bool) -> bool:
    if not (_NAME.fullmatch(word) or _ADDRESS.fullmatch(word)):
        return False
    camel = _CAMEL.search(word)
    if camel is not None and camel[1].lower() not in COMMON_DOMAINS:
        return False
    if before in _FILE_OPTIONS or line.rstrip()[-1:] in ("<", ">") or word[:1] in "-/.~@":
        return False
    if not any(mark in word for mark in ":/@") and not _OF_HOST.search(before) and _only_addresses(line):
        return False
    return not (_FILE_NAME.fullmatch(word) and (takes_files or not is_known(word)))
