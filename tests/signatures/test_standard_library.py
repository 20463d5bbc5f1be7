"""The tables together classify every function of PHP, and know no function that does not exist."""

from __future__ import annotations

import pytest

from scanner.model.signature import CallableKind, Catalogue
from scanner.signatures import load_standard_library

LIBRARY = load_standard_library()
FUNCTIONS = {name for names in LIBRARY.bundled.values() for name in names}
ELSEWHERE = {name for names in LIBRARY.not_bundled.values() for name in names}
CONSTRUCTS = {"eval", "include", "include_once", "require", "require_once"}


def signatures(catalogue: Catalogue) -> set[str]:
    kinds = (CallableKind.FUNCTION, CallableKind.CONSTRUCT)
    return {item.callable.lower() for item in catalogue.signatures if item.type in kinds}


def tables(catalogue: Catalogue) -> dict[str, set[str]]:
    """Table -> the functions (not methods) that it classifies."""
    named = {
        "propagators": {item.callable for item in catalogue.propagators},
        "one_way": {item.callable for item in catalogue.one_way},
        "sources": {item.name.lower() for item in catalogue.sources if item.type == "function"},
        "byref_outputs": set(catalogue.byref_outputs),
        "higher_order": set(catalogue.higher_order),
        "dynamic_code": set(catalogue.dynamic_code) - CONSTRUCTS,
        "no_effect": set(catalogue.no_effect),
    }
    return {table: {name for name in names if "::" not in name} for table, names in named.items()}


@pytest.mark.parametrize("extension", sorted(LIBRARY.bundled))
def test_every_function_of_the_standard_library_is_classified(extension: str, catalogue: Catalogue) -> None:
    known = signatures(catalogue) | {"die"} | set().union(*tables(catalogue).values())
    assert sorted(set(LIBRARY.bundled[extension]) - known) == []


def test_the_reference_list_is_the_whole_library() -> None:
    assert len(FUNCTIONS) > 2300
    assert len(LIBRARY.bundled["standard"]) > 520
    assert {"curl_exec", "mb_str_pad", "array_find", "json_validate", "oci_connect", "exit"} <= FUNCTIONS
    assert not FUNCTIONS & ELSEWHERE


@pytest.mark.parametrize(
    "table",
    [
        "byref_outputs",
        "dynamic_code",
        "higher_order",
        "no_effect",
        "one_way",
        "propagators",
        "sources",
    ],
)
def test_a_table_names_no_function_that_does_not_exist(table: str, catalogue: Catalogue) -> None:
    assert sorted(tables(catalogue)[table] - FUNCTIONS - ELSEWHERE) == []


def test_signatures_of_php_name_no_function_that_does_not_exist(catalogue: Catalogue) -> None:
    functions = {item.callable.lower() for item in catalogue.signatures if item.type is CallableKind.FUNCTION}
    assert sorted(functions - FUNCTIONS - ELSEWHERE) == []


def test_nothing_without_effect_has_one(catalogue: Catalogue) -> None:
    sends = {
        item.callable.lower()
        for item in catalogue.signatures
        if item.type is CallableKind.FUNCTION and item.kind not in ("file-url", "image-url")
    }
    own = tables(catalogue)
    assert sorted(catalogue.no_effect & sends) == []
    assert sorted(catalogue.no_effect & (own["propagators"] | own["one_way"] | own["dynamic_code"])) == []


@pytest.mark.parametrize(
    "name",
    [
        "md5_file", "getimagesize", "exif_read_data", "simplexml_load_file", "fopen", "copy", "file", "readfile",
        "highlight_file", "parse_ini_file", "hash_file", "imagecreatefrompng", "mail", "mb_send_mail", "dns_get_record",
        "gethostbyname", "gethostbyaddr", "checkdnsrr", "getmxrr", "syslog", "openlog", "error_log", "socket_connect",
        "socket_sendto", "stream_socket_client", "fsockopen", "pfsockopen", "proc_open", "popen", "pcntl_exec",
        "mysqli_connect", "mysqli_real_connect", "pg_connect", "oci_connect", "odbc_connect", "ldap_connect",
        "imap_open", "ftp_connect", "ftp_ssl_connect", "ssh2_connect", "snmpget", "snmp3_set", "header", "setcookie",
        "curl_multi_exec", "putenv", "ini_set", "session_save_path", "libxml_set_external_entity_loader",
    ],
)  # fmt: skip
def test_functions_that_reach_the_network_have_a_signature(name: str, catalogue: Catalogue) -> None:
    assert name in signatures(catalogue)
