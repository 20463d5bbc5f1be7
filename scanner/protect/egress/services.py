"""Protocol and port of a call: from the scheme of its address, else from the kind of API that makes it."""

from __future__ import annotations

from scanner.model.egress import Service

HTTPS = Service("https", 443)
HTTP = Service("http", 80)
ANY = Service("any", 0)

# IANA's port register; `ssl` and `tls` are PHP's transports, whose port always stands in the address.
SCHEMES: dict[str, Service] = {
    "http": HTTP,
    "https": HTTPS,
    "ws": HTTP,
    "wss": HTTPS,
    "ftp": Service("ftp", 21),
    "ftps": Service("ftps", 990),
    "sftp": Service("ssh", 22),
    "scp": Service("ssh", 22),
    "ssh2.sftp": Service("ssh", 22),
    "ssh2.scp": Service("ssh", 22),
    "ssh2.exec": Service("ssh", 22),
    "ssh2.shell": Service("ssh", 22),
    "ssh2.tunnel": Service("ssh", 22),
    "ldap": Service("ldap", 389),
    "ldaps": Service("ldaps", 636),
    "smtp": Service("smtp", 25),
    "smtps": Service("smtps", 465),
    "imap": Service("imap", 143),
    "imaps": Service("imaps", 993),
    "pop3": Service("pop3", 110),
    "mysql": Service("mysql", 3306),
    "mysqli": Service("mysql", 3306),
    "pgsql": Service("postgresql", 5432),
    "postgresql": Service("postgresql", 5432),
    "sqlsrv": Service("mssql", 1433),
    "dblib": Service("mssql", 1433),
    "oci": Service("oracle", 1521),
    "mongodb": Service("mongodb", 27017),
    "redis": Service("redis", 6379),
    "rediss": Service("redis", 6379),
    "amqp": Service("amqp", 5672),
    "amqps": Service("amqps", 5671),
    "tcp": ANY,
    "ssl": Service("tls", 0),
    "tls": Service("tls", 0),
    "udp": Service("any", 0, "udp"),
}
SMTP = (Service("smtp", 25), Service("smtps", 465), Service("submission", 587))
DNS = (Service("dns", 53), Service("dns", 53, "udp"))
_WEB = (HTTP, HTTPS)
_CHANNELS: dict[str, tuple[Service, ...]] = {
    "http": _WEB,
    "soap": _WEB,
    "file-url": _WEB,
    "image-url": _WEB,
    "include-url": _WEB,
    "xml-url": _WEB,
    "sdk": (HTTPS,),
    "storage-sdk": (HTTPS,),
    "mail": SMTP,
    "ssh": (Service("ssh", 22),),
    "ftp": (Service("ftp", 21),),
    "ldap": (Service("ldap", 389), Service("ldaps", 636)),
    "dns": DNS,
}
# Start of the API's name, without namespace, in lower case.
_DATABASES: tuple[tuple[str, Service], ...] = (
    ("mysql", SCHEMES["mysql"]),
    ("maxdb", SCHEMES["mysql"]),
    ("pg_", SCHEMES["pgsql"]),
    ("sqlsrv", SCHEMES["sqlsrv"]),
    ("mssql", SCHEMES["sqlsrv"]),
    ("sybase", SCHEMES["sqlsrv"]),
    ("oci", SCHEMES["oci"]),
    ("mongo", SCHEMES["mongodb"]),
    ("redis", SCHEMES["redis"]),
    ("predis", SCHEMES["redis"]),
    ("memcache", Service("memcached", 11211)),
)
BROWSER_CHANNELS = frozenset({"redirect", "browser"})
"""What these name, the visitor's browser contacts."""
PROGRAM_CHANNELS = frozenset({"process", "exec"})
FILE_CHANNELS = frozenset({"file-url", "image-url", "include-url", "xml-url"})
NO_HOST_SCHEMES = frozenset({"s3", "gs", "gcs", "azure"})
"""Stream wrappers of SDKs: what stands in the host's place is a bucket."""


def services(channel: str, api: str, scheme: str, port: int | None) -> tuple[Service, ...]:
    """Protocols and ports of a call, sorted. An unknown scheme gives every usual one of the channel."""
    known = SCHEMES.get(scheme)
    found = (known,) if known else _by_api(channel, api)
    if port is None:
        return tuple(sorted(found))
    names = {item.protocol for item in found}
    protocol = found[0].protocol if len(names) == 1 else "http" if names == {"http", "https"} else "any"
    return tuple(sorted({Service(protocol, port, item.transport) for item in found}))


def _by_api(channel: str, api: str) -> tuple[Service, ...]:
    if channel == "db":
        name = api.rpartition("(")[2].rpartition("\\")[2].lower()
        return (next((service for start, service in _DATABASES if name.startswith(start)), Service("database", 0)),)
    return _CHANNELS.get(channel, (ANY,))
