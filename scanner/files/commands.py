"""Scripts that a shell or another interpreter runs: which hosts they contact, and whether they read credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.addresses import Text, hole, is_elsewhere, join, normalise
from scanner.files.pieces import Found

_URL = re.compile(r"(?:https?|ftp|ftps|sftp|ws|wss|rsync|scp|git|ssh)://[^\s\"'`<>|;)\]}]+", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{?\w+\}?|%\w+%|\$\([^)]{0,80}\)|#\{[^}]{0,80}\}|\{[^{}]{0,80}\}")
_SHELL = re.compile(
    r"(?<![\w./-])(curl|wget|nc|ncat|netcat|socat|telnet|ssh|scp|sftp|rsync|ftp|lftp|tftp|aria2c|http|https|fetch|lynx"
    r"|openssl\s+s_client|nslookup|dig|host|mail|sendmail|mutt|git\s+clone|svn\s+checkout|aws\s+s3|gsutil|rclone)"
    r"(?:\.exe)?(?=\s|$)",
    re.IGNORECASE,
)
_DEVICE = re.compile(r"/dev/(?:tcp|udp)/([^\s/\"']+)/(\S+)")
_WINDOWS = re.compile(
    r"\b(Invoke-WebRequest|Invoke-RestMethod|iwr|irm|Start-BitsTransfer|bitsadmin|certutil|DownloadFile|DownloadString"
    r"|UploadString|UploadFile|UploadData|Net\.WebClient|Net\.Sockets\.TcpClient|MSXML2\.(?:Server)?XMLHTTP\S*"
    r"|WinHttp\S*|Send-MailMessage|Test-NetConnection|mshta)\b",
    re.IGNORECASE,
)
_CODE = {
    "python": re.compile(
        r"\b(urllib\d?(?:\.request)?\.\w+|urlopen|Request|requests\.\w+|httpx\.\w+|http\.client\.\w+|HTTPS?Connection"
        r"|socket\.(?:create_connection|connect|socket)|\.connect|smtplib\.\w+|ftplib\.\w+|paramiko\.\w+|pycurl\.URL|\.setopt)\s*\("
    ),
    "perl": re.compile(
        r"\b(LWP::\w+|LWP::Simple|HTTP::(?:Request|Tiny)\S*|IO::Socket\S*|Net::\w+\S*|->(?:get|post|request|setopt)|getstore|WWW::\w+)\b"
    ),
    "ruby": re.compile(
        r"\b(Net::\w+\S*|open-uri|URI\.open|URI\.parse|TCPSocket\.\w+|RestClient\.\w+|HTTParty\.\w+|Faraday\.\w+|Curl::\S+|Excon\.\w+)"
    ),
    "vbscript": re.compile(r"(MSXML2\.\S+|WinHttp\S*|Microsoft\.XMLHTTP)", re.IGNORECASE),
}
_HOST_ARGUMENT = re.compile(r"^(?:[\w.-]+@)?((?:[\w-]+\.)+[A-Za-z]{2,}|\d{1,3}(?:\.\d{1,3}){3})(?::\S*)?$")
_FILE = re.compile(
    r"\.(?:js|mjs|ts|css|json|sh|py|pl|rb|php|inc|txt|md|html?|xml|ya?ml|ini|conf|cnf|sql|csv|log|gz|tgz|zip|tar|bz2|xz"
    r"|jar|phar|so|dll|exe|bat|ps1|png|jpe?g|gif|svg|pdf|lock|pem|key|crt|dat|tmp|bak|out|err)\Z",
    re.IGNORECASE,
)
"""Names of files that look like hosts."""
_LITERAL = re.compile(r"[\"']((?:[\w-]+\.)+[A-Za-z]{2,}|\d{1,3}(?:\.\d{1,3}){3})[\"']")
_ASSIGNED = re.compile(
    r"^[^\S\n]*+(?:export\s++|set\s++|my\s++|local\s++|\$)?[\"']?\$?(\w++)[\"']?\s*+:?=\s*+[\"']?((?:https?|ftp)://[^\s\"';]+|(?:[\w-]+\.)+[A-Za-z]{2,6})",
    re.IGNORECASE | re.MULTILINE,
)
_CREDENTIALS = re.compile(
    r"\bdatabase\.php\b|hook_functions\.php|DB_PASSWORD|MYSQL_PWD|\$salt\b|redcap_config\b", re.IGNORECASE
)
_SHELLS = frozenset({"shell", "batch", "powershell", "make", "docker", "hook", "ci"})
_COMMENTS = {
    "shell": "#",
    "make": "#",
    "docker": "#",
    "python": "#",
    "perl": "#",
    "ruby": "#",
    "powershell": "#",
    "ci": "#",
    "hook": "#",
}
COMMAND_KINDS = frozenset(
    {"shell", "batch", "powershell", "make", "docker", "hook", "ci", "python", "perl", "ruby", "vbscript"}
)
_SHEBANG = re.compile(rb"#!\s*\S*/(?:env\s+(?:-\S+\s+)*)?([A-Za-z]+)")
_INTERPRETERS = {
    "sh": "shell", "bash": "shell", "dash": "shell", "ksh": "shell", "zsh": "shell", "csh": "shell", "ash": "shell",
    "python": "python", "perl": "perl", "ruby": "ruby", "pwsh": "powershell", "node": "script", "make": "make",
}  # fmt: skip
_MAX_LINES = 50_000
_MAX_LINE = 4000


def interpreter_of(content: bytes) -> str:
    """Kind of a script by its first line, `` for none."""
    match = _SHEBANG.match(content)
    return _INTERPRETERS.get(match[1].decode("latin-1").lower().rstrip("0123456789"), "") if match else ""


def read_commands(content: bytes, kind: str) -> Iterator[Found]:
    """Network commands of a script, and reads of the application's credentials."""
    text = (
        content.decode("utf-8", "replace").replace("\\\r\n", "  ").replace("\\\n", "  ")
        if kind in _SHELLS
        else content.decode("utf-8", "replace")
    )
    named = {match[1]: match[2] for match in _ASSIGNED.finditer(text)}
    comment = _COMMENTS.get(kind, "")
    offset = 0
    for count, line in enumerate(text.split("\n")):
        if count > _MAX_LINES:
            yield Found(0, 0, "cut", "lines")
            return
        start, offset = offset, offset + len(line.encode("utf-8", "replace")) + 1
        shown = line.strip()[:_MAX_LINE]
        if not shown or (comment and shown.startswith(comment)) or shown.lower().startswith(("rem ", "::")):
            continue
        yield from _line(start, shown, kind, named)
        if match := _CREDENTIALS.search(shown):
            yield Found(start, start, "credentials", match[0], text=shown[:200])


def _line(start: int, line: str, kind: str, named: dict[str, str]) -> Iterator[Found]:
    for match in _DEVICE.finditer(line):
        yield Found(start, start, "command", "/dev/tcp", _known(f"//{match[1]}:{match[2]}", named), text=line[:200])
    pattern = _CODE.get(kind)
    commands = pattern.findall(line) if pattern is not None else []
    if kind in _SHELLS:
        commands += _SHELL.findall(line)
    if kind in ("batch", "powershell", "shell", "ci"):
        commands += _WINDOWS.findall(line)
    embedded = (
        [] if commands or pattern is not None else [item for other in _CODE.values() for item in other.findall(line)]
    )
    commands += embedded
    if not commands:
        return
    command = " ".join(commands[0].split())
    for address in _addresses(line, named):
        yield Found(start, start, "command", command, address, text=line[:200])


def _addresses(line: str, named: dict[str, str]) -> list[Text]:
    """Addresses on a line: URLs, hosts as arguments, variables of the script that hold one."""
    found = [_known(match[0], named) for match in _URL.finditer(line)]
    if not found:
        found = [Text(f"//{match[1]}") for match in _LITERAL.finditer(line)]
    if not found:
        found = [
            Text(f"//{match[1]}")
            for word in line.split()[1:]
            if (match := _HOST_ARGUMENT.match(word.strip("\"'"))) and not _FILE.search(match[1])
        ]
    if not found:
        used = [
            named[name] for name in re.findall(r"\$\{?(\w+)|%(\w+)%|\b(\w+)\b", line) for name in name if name in named
        ]
        found = [normalise(Text(value if "://" in value else f"//{value}")) for value in used[:3]]
    return [address for address in map(normalise, found) if is_elsewhere(address) or "://" in address.text]


def _known(url: str, named: dict[str, str]) -> Text:
    """A URL with the variables of the script that are known; the others are holes."""
    parts: list[Text] = []
    position = 0
    for match in _VARIABLE.finditer(url):
        name = match[0].strip("${}%#()")
        parts += [Text(url[position : match.start()]), Text(named[name]) if name in named else hole(match[0])]
        position = match.end()
    return join([*parts, Text(url[position:])])
