"""What kind of file a path says: all that the facts of a file depend on besides its bytes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_SUFFIXES = {
    "script": (".js", ".mjs", ".cjs", ".jsx", ".es6", ".es"),
    "typescript": (".ts", ".tsx", ".mts", ".cts"),
    "style": (".css", ".less", ".scss", ".sass", ".styl"),
    "markup": (
        ".html", ".htm", ".xhtml", ".shtml", ".vue", ".svelte", ".svg", ".mustache", ".hbs",
        ".handlebars", ".ejs", ".phtml", ".hta", ".ctp",
    ),
    "twig": (".twig",),
    "smarty": (".tpl", ".smarty"),
    "latte": (".latte",),
    "text": (".txt", ".md", ".rst", ".adoc"),
    "map": (".map",),
    "sql": (".sql",),
    "shell": (".sh", ".bash", ".ksh", ".zsh", ".csh", ".cron", ".crontab"),
    "batch": (".bat", ".cmd"),
    "powershell": (".ps1", ".psm1", ".psd1"),
    "python": (".py", ".pyw"),
    "perl": (".pl", ".pm", ".cgi", ".t"),
    "ruby": (".rb", ".rake", ".gemspec"),
    "make": (".mk", ".mak"),
    "vbscript": (".vbs", ".wsf", ".vbe"),
    "archive": (".zip", ".jar", ".war", ".phar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".docx", ".xlsx", ".odt"),
}  # fmt: skip
_NAMES = {
    "htaccess": "server", ".htaccess": "server", "httpd.conf": "server", "apache2.conf": "server",
    "nginx.conf": "nginx", "web.config": "iis", ".user.ini": "phpini", "php.ini": "phpini", "lighttpd.conf": "server",
    "makefile": "make", "gnumakefile": "make", "dockerfile": "docker", "containerfile": "docker", "crontab": "shell",
    "composer.json": "composer", "package.json": "npm", "installed.json": "composer-installed",
    "rakefile": "ruby", "gemfile": "ruby", "vagrantfile": "ruby", "jenkinsfile": "ci", ".gitlab-ci.yml": "ci",
    ".travis.yml": "ci", "azure-pipelines.yml": "ci", "bitbucket-pipelines.yml": "ci", ".drone.yml": "ci",
    "procfile": "shell", "appveyor.yml": "ci", ".gitmodules": "git", ".gitattributes": "git",
}  # fmt: skip
_BY_SUFFIX = {suffix: kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes}
_HOOKS = re.compile(r"(?:^|/)(?:\.git/hooks|\.githooks|\.husky)/[^/]+\Z")
_UPGRADE = re.compile(
    r"(?:^|/)(?:sql|upgrades?|migrations?|installs?|installer)/[^/]*\Z|(?:^|/)(?:upgrade|install|migrat)\w*\.php\Z"
)
_WORKFLOWS = re.compile(
    r"(?:^|/)(?:\.github/(?:workflows|actions)|\.circleci|\.buildkite|\.gitea/workflows)/.+\.ya?ml\Z"
)
_SERVER = re.compile(r"(?:^|/)(?:[^/]*(?:apache|httpd|vhost)[^/]*\.conf(?:\.\w+)?|[^/]*htaccess[^/]*)\Z")
_NGINX = re.compile(r"(?:^|/)[^/]*nginx[^/]*\.conf(?:\.\w+)?\Z")
_PACKED = re.compile(r"\.([a-z0-9]{1,8})\.(?:gz|bz2|xz)\Z")
_CRON = re.compile(r"(?:^|/)(?:cron\.(?:d|daily|hourly|weekly|monthly)/[^/]+|[^/]*\.cron(?:tab)?)\Z")
_PATTERNS = (
    (_HOOKS, "hook"),
    (_WORKFLOWS, "ci"),
    (_NGINX, "nginx"),
    (_SERVER, "server"),
    (_CRON, "shell"),
    (re.compile(r"(?:^|/)(?:docker|container)file\.[^/]*\Z"), "docker"),
    (re.compile(r"(?:^|/)makefile\.[^/]*\Z"), "make"),
    (re.compile(r"(?:^|/)php[^/]*\.ini(?:\.\w+)?\Z"), "phpini"),
)


def kind_of(path: str) -> str:
    """The kind that a path says, `` for one that says nothing."""
    lower = path.lower()
    name = lower.rpartition("/")[2]
    if name in _NAMES:
        return _NAMES[name]
    if lower.endswith(".php"):
        return "blade" if lower.endswith(".blade.php") else "sqlphp" if _UPGRADE.search(lower) else ""
    for pattern, kind in _PATTERNS:
        if pattern.search(lower):
            return kind
    kind = _BY_SUFFIX.get(PurePosixPath(name).suffix, "")
    if kind == "archive" and (match := _PACKED.search(name)):
        return f"archive.{match[1]}"
    return kind


def inner_name(path: str) -> str:
    """Name for the one file in a compressed file: of its own name only what `kind_of` says of it."""
    match = _PACKED.search(path.lower().rpartition("/")[2])
    return f"content.{match[1]}" if match else "content"
