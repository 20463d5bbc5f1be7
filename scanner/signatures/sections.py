"""The sections of signature files, gathered into one catalogue."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final

import msgspec

from scanner.model.signature import Catalogue, LocalSink, Propagator, Secret, Signature, Source
from scanner.signatures import records, vocabulary
from scanner.signatures.document import Node, parse
from scanner.signatures.fields import Fields

HEAD: Final = ("defaults", "reference")
"""Fields of a file that are not sections."""


class StandardLibrary(msgspec.Struct, frozen=True):
    """The reference list of PHP's functions, lower case."""

    bundled: dict[str, tuple[str, ...]]
    """Extension -> functions of PHP 8.2 to 8.4 on any platform."""
    not_bundled: dict[str, tuple[str, ...]]
    """`pecl`, `removed`, `application`, ... -> functions that other tables know all the same."""


class Sections:
    """Collects entries of all files; an entry that stands twice is an error."""

    def __init__(self) -> None:
        self.signatures: dict[str, Signature] = {}
        self.secrets: dict[str, Secret] = {}
        self.sources: dict[str, Source] = {}
        self.propagators: dict[str, Propagator] = {}
        self.one_way: dict[str, Propagator] = {}
        self.byref_outputs: dict[str, tuple[int, ...]] = {}
        self.higher_order: dict[str, tuple[int, ...]] = {}
        self.dynamic_code: dict[str, tuple[int, ...]] = {}
        self.no_effect: dict[str, str] = {}
        self.option_tables: dict[str, dict[str, str]] = {}
        self.constant_values: dict[str, int | str] = {}
        self.credential_paths: dict[str, str] = {}
        self.own_server: dict[str, str] = {}
        self.expected_hosts: dict[str, str] = {}
        self.generic_methods: dict[str, str] = {}
        self.local_sinks: dict[str, LocalSink] = {}
        self.bundled: dict[str, str] = {}
        self.not_bundled: dict[str, str] = {}
        self._tables: list[tuple[Fields, Node, str]] = []
        self._defaults = records.Defaults()
        self._readers: dict[str, Callable[[Fields, Node], None]] = {
            "signatures": self._signatures,
            "secrets": self._secrets,
            "sources": self._sources,
            "propagators": self._flows(self.propagators),
            "one_way": self._flows(self.one_way),
            "byref_outputs": self._indexes(self.byref_outputs),
            "higher_order": self._indexes(self.higher_order),
            "local_sinks": self._local_sinks,
            "dynamic_code": self._indexes(self.dynamic_code),
            "no_effect": self._groups(self.no_effect, nested=False),
            "standard_library": self._groups(self.bundled, nested=True),
            "not_bundled": self._groups(self.not_bundled, nested=False),
            "option_tables": self._option_tables,
            "constant_values": self._constants,
            "expected_hosts": self._hosts,
            "credential_paths": self._names(self.credential_paths),
            "own_server": self._names(self.own_server),
            "generic_methods": self._names(self.generic_methods),
        }

    def add(self, content: bytes, name: str) -> None:
        """Read one file.

        Raises: SignatureError with file and line.
        """
        root = parse(content, name)
        if root is None:
            return
        fields = Fields(name)
        got = fields.mapping(root, "a signature file", (*HEAD, *self._readers))
        self._defaults = _defaults(fields, got)
        for section, node in got.items():
            if section in self._readers:
                self._readers[section](fields, node)

    def finish(self, digest: str) -> Catalogue:
        """The catalogue of everything added.

        Raises: SignatureError when a signature names an option table that no file has.
        """
        for fields, node, table in self._tables:
            if table not in self.option_tables:
                fields.fail(node, f"option table `{table}` does not exist; add it under `option_tables:`")
        return Catalogue(
            digest=digest,
            signatures=tuple(self.signatures[key] for key in sorted(self.signatures)),
            propagators=tuple(self.propagators[key] for key in sorted(self.propagators)),
            one_way=tuple(self.one_way[key] for key in sorted(self.one_way)),
            sources=tuple(self.sources[key] for key in sorted(self.sources)),
            secrets=tuple(self.secrets[key] for key in sorted(self.secrets)),
            byref_outputs=dict(sorted(self.byref_outputs.items())),
            higher_order=dict(sorted(self.higher_order.items())),
            dynamic_code=dict(sorted(self.dynamic_code.items())),
            no_effect=frozenset(self.no_effect),
            option_tables={key: dict(self.option_tables[key]) for key in sorted(self.option_tables)},
            constant_values=dict(sorted(self.constant_values.items())),
            credential_paths=tuple(sorted(self.credential_paths)),
            own_server=frozenset(self.own_server),
            expected_hosts=dict(sorted(self.expected_hosts.items())),
            local_sinks=dict(sorted(self.local_sinks.items())),
            generic_methods=frozenset(name.lower() for name in self.generic_methods),
        )

    def standard_library(self) -> StandardLibrary:
        """The reference list, by extension."""
        return StandardLibrary(_inverted(self.bundled), _inverted(self.not_bundled))

    def _signatures(self, fields: Fields, node: Node) -> None:
        for item in fields.items(node, "signatures"):
            entry = records.signature(fields, item, self._defaults)
            self._once(fields, item, self.signatures, entry.id)
            self.signatures[entry.id] = entry
            if entry.option_table:
                self._tables.append((fields, item, entry.option_table))

    def _secrets(self, fields: Fields, node: Node) -> None:
        for item in fields.items(node, "secrets"):
            entry = records.secret(fields, item, self._defaults)
            self._once(fields, item, self.secrets, entry.label)
            self.secrets[entry.label] = entry

    def _sources(self, fields: Fields, node: Node) -> None:
        for item in fields.items(node, "sources"):
            entry = records.source(fields, item)
            self._once(fields, item, self.sources, entry.id)
            self.sources[entry.id] = entry

    def _flows(self, table: dict[str, Propagator]) -> Callable[[Fields, Node], None]:
        def read(fields: Fields, node: Node) -> None:
            for name, value in fields.mapping(node, "the table").items():
                self._named(fields, value, table, name)
                table[name.lower()] = records.propagator(fields, name, value)

        return read

    def _indexes(self, table: dict[str, tuple[int, ...]]) -> Callable[[Fields, Node], None]:
        def read(fields: Fields, node: Node) -> None:
            for name, value in fields.mapping(node, "the table").items():
                self._named(fields, value, table, name)
                table[name.lower()] = fields.indexes(value, f"the entry of {name}")

        return read

    def _local_sinks(self, fields: Fields, node: Node) -> None:
        for name, value in fields.mapping(node, "local_sinks").items():
            self._named(fields, value, self.local_sinks, name)
            self.local_sinks[name.lower()] = records.local_sink(fields, name, value)

    def _groups(self, table: dict[str, str], *, nested: bool) -> Callable[[Fields, Node], None]:
        def read(fields: Fields, node: Node) -> None:
            for group, value in fields.mapping(node, "the table").items():
                lists = fields.mapping(value, group).values() if nested else [value]
                for item in (entry for one in lists for entry in fields.items(one, group)):
                    name = fields.text(item, "a function").lower()
                    self._once(fields, item, table, name)
                    table[name] = group

        return read

    def _names(self, table: dict[str, str]) -> Callable[[Fields, Node], None]:
        def read(fields: Fields, node: Node) -> None:
            for item in fields.items(node, "the list"):
                name = fields.text(item, "an element")
                self._once(fields, item, table, name)
                table[name] = name

        return read

    def _option_tables(self, fields: Fields, node: Node) -> None:
        tables = fields.mapping(node, "option_tables")
        known = {*vocabulary.OPTION_ROLES, *(f"nested:{name}" for name in (*tables, *self.option_tables))}
        for table, value in tables.items():
            self._once(fields, value, self.option_tables, table)
            entries = fields.mapping(value, f"option table {table}")
            self.option_tables[table] = {
                key: fields.word(role, "role of an option", known) for key, role in entries.items()
            }

    def _constants(self, fields: Fields, node: Node) -> None:
        for name, value in fields.mapping(node, "constant_values").items():
            self._once(fields, value, self.constant_values, name)
            self.constant_values[name] = fields.constant(value, name)

    def _hosts(self, fields: Fields, node: Node) -> None:
        for host, value in fields.mapping(node, "expected_hosts").items():
            self._once(fields, value, self.expected_hosts, host)
            self.expected_hosts[host] = fields.text(value, "the feature")

    def _named(self, fields: Fields, node: Node, table: Container[str], name: str) -> None:
        """Refuse what is no `function` or `Class::method`, and what is already there."""
        if records.CALLABLE.match(name) is None:
            fields.fail(node, f"`{name}` is no callable; write `function` or `Class::method`")
        self._once(fields, node, table, name.lower())

    @staticmethod
    def _once(fields: Fields, node: Node, table: Container[str], key: str) -> None:
        """Refuse what is already there."""
        if key in table:
            fields.fail(node, f"`{key}` exists already, here or in another file; choose another or remove one")


def _defaults(fields: Fields, got: dict[str, Node]) -> records.Defaults:
    """`defaults:` and `reference:` of a file."""
    own: dict[str, str] = {}
    if "defaults" in got:
        entries = fields.mapping(got["defaults"], "defaults", ("lib", "reference"))
        own = {key: fields.text(value, key) for key, value in entries.items()}
    if "reference" in got:
        own.setdefault("reference", fields.text(got["reference"], "reference"))
    return records.Defaults(**own)


def _inverted(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Group -> its members, sorted."""
    groups: dict[str, list[str]] = {}
    for name, group in sorted(table.items()):
        groups.setdefault(group, []).append(name)
    return {group: tuple(names) for group, names in sorted(groups.items())}
