"""Settings of PHP and names of the environment that decide where sessions, mail, errors and requests go.

Source: the PHP manual's list of php.ini directives, libcurl's and OpenSSL's environment variables.
"""

from __future__ import annotations

import re

_DIVERTING = re.compile(
    r"(?:session\.save_path|error_log|mail\.log)=[^=]*\w://|"
    r"(?:sendmail_path|smtp|mysqli\.default_host|xdebug\.(?:client|remote)_host|curl\.cainfo|openssl\.ca(?:file|path))=.|"
    r"(?:https?|all|ftp)_proxy=.|(?:curl_ca_bundle|ssl_cert_(?:file|dir)|aws_endpoint_url\w{0,40})=.",
    re.IGNORECASE,
)
_PROXY = re.compile(r"(?:https?|all|ftp)_proxy", re.IGNORECASE)
_HOST = re.compile(r"(?:^|[/@=\s])([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})(?=[:/?;\s]|$)")
_FILE = re.compile(r"^(?:/|[A-Za-z]:|\.)")
_THIS_MACHINE = re.compile(r"localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://(?:[^\s/@\"']{0,200}@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)


def is_diverting(setting: str) -> bool:
    """Whether `name=value` turns something aside: a file of certificates, a proxy, a server for mail or sessions."""
    return _DIVERTING.match(setting) is not None


def is_proxy(name: str) -> bool:
    """Whether a name of the environment is that of a proxy for all requests."""
    return _PROXY.fullmatch(name) is not None


def hosts_of(value: str) -> tuple[str, ...]:
    """The hosts that the value of such a setting names, in order; of a command line those of the addresses in it."""
    names = _ADDRESS.findall(value) if _FILE.match(value) else [*_ADDRESS.findall(value), *_HOST.findall(value)]
    return tuple(sorted({name for name in names if not _THIS_MACHINE.fullmatch(name)}))
