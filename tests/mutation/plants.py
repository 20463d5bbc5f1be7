"""Generated exfiltrations: a secret, ways to carry it, and a channel, spread over calls and files of a tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.mutation.addressed import by_variable, encodings
from tests.mutation.templates import Template, drawn_secret, templates
from tests.mutation.trees import Edit, Place

MAX_CALLS = 6
MAX_FILES = 4
_NETWORK = "secret-to-network"
_PLAIN = frozenset({"global", "copy", "file-get-contents"})
"""The plainest source, carrier and channel."""
_AS_TEXT = (
    "json_encode(%s)", "serialize(%s)", "var_export(%s, true)", "print_r(%s, true)", "http_build_query(%s)",
)  # fmt: skip
_ADDRESSED = 0.5
"""Share of plants whose host is not written out where it is used."""
_STYLES = ("function", "function", "static", "instance", "inherited", "method-of-class")


class Plant(NamedTuple):
    """One exfiltration: what it is made of, and what a finding must say."""

    number: int
    source: str
    carrier: str
    channel: str
    address: str
    calls: int
    files: int
    site: str
    """`body` of an existing function, new `function`, `file` scope, or new `method`."""
    host: str
    labels: frozenset[str]
    rule: str
    text: str
    """All code of it, for people."""
    edits: tuple[Edit, ...]
    new_files: tuple[tuple[str, str], ...]

    def factors(self) -> dict[str, str]:
        return {
            "channel": self.channel,
            "address": self.address,
            "carrier": self.carrier,
            "source": self.source,
            "calls": str(self.calls),
            "files": str(self.files),
            "site": self.site,
        }


class _Hop(NamedTuple):
    """A function of the plant: how it is declared and how it is called."""

    declaration: str
    call: str
    """With `(%s)` for its argument."""


class Planter:
    """Draws plants for the places of one tree."""

    def __init__(self, places: list[Place], random: Random, words: frozenset[str] = frozenset()) -> None:
        """`words`: of the templates' `needs`, those that the tree has."""
        self._places = places
        self._plain = [item for item in places if not item.namespace]
        self._random = random
        self._channels = [item for item in templates("channels") if not item.needs or item.needs in words]
        self._hands: dict[str, list[Template]] = {}

    def _dealt(self, kind: str, items: tuple[Template, ...] | list[Template]) -> Template:
        """Templates in random order, each as often as the others."""
        if not self._hands.get(kind):
            self._hands[kind] = list(items)
            self._random.shuffle(self._hands[kind])
        return self._hands[kind].pop()

    def plant(self, number: int) -> Plant:
        """One exfiltration."""
        source = self._dealt("source", templates("sources"))
        carrier = self._dealt("carrier", templates("carriers"))
        channel = self._dealt("channel", self._channels)
        while channel.rule != _NETWORK and any(label.startswith("request.") for label in source.labels):
            channel = self._dealt("channel", self._channels)  # showing visitors what they typed is no leak
        address = self._dealt("address", templates("addresses")) if self._random.random() < _ADDRESSED else None
        return _Assembly(
            self._random, self._places, self._plain, number, source, carrier, channel, address=address
        ).plant()

    def each(self) -> Iterator[Plant]:
        """Each template once, with the plainest of the other kinds, without calls in between."""
        kinds = (templates("sources"), templates("carriers"), tuple(self._channels))
        plain = [next(t for t in kind if t.name in _PLAIN) for kind in kinds]
        number = 0
        for kind, items in enumerate(kinds):
            for item in items:
                chosen = [*plain[:kind], item, *plain[kind + 1 :]]
                yield _Assembly(self._random, self._places, self._plain, number, *chosen, calls=0).plant()
                number += 1
        for address in templates("addresses"):
            yield _Assembly(self._random, self._places, self._plain, number, *plain, address=address, calls=0).plant()
            number += 1


class _Assembly:
    def __init__(
        self,
        random: Random,
        places: list[Place],
        plain: list[Place],
        number: int,
        source: Template,
        carrier: Template,
        channel: Template,
        *,
        address: Template | None = None,
        calls: int | None = None,
    ) -> None:
        self._random = random
        self._number = number
        self._source, self._carrier, self._channel = source, carrier, channel
        word = random.choice(["cache", "sync", "stat", "usage", "audit", "meta", "queue", "lang", "asset", "theme"])
        self._id = f"{word}{number:03d}"
        self._host = f"{self._id}.example"
        secret = drawn_secret(source.origin, random)
        self._labels = frozenset([*source.labels, *([secret.label] if secret else [])])
        self._names = {
            **encodings(self._host),
            "SECRET": secret.name if secret else "",
            "TABLE": secret.table if secret else "",
        }
        self._sending = None if address is None or channel.declare else by_variable(channel.code, "$xUNIQ")
        self._address = address if self._sending is not None else None
        self._calls = random.randint(0, MAX_CALLS) if calls is None else calls
        self._main = random.choice(places)
        others = [item for item in plain if item is not self._main] or plain
        wanted = random.randint(1, MAX_FILES)
        self._others = random.sample(others, min(max(wanted - 1, 0), len(others)))
        if not self._others and self._main.namespace:
            self._others = [random.choice(plain)]
        self._edits: list[Edit] = []
        self._new_files: list[tuple[str, str]] = []
        self._text: list[str] = []

    # -- pieces -----------------------------------------------------------------------------------------------

    def _filled(self, template: Template, text: str, part: str, given: str = "", made: str = "") -> str:
        names = {
            **self._names,
            "UNIQ": f"{self._id}{part}",
            "$IN": given,
            "$OUT": made,
            "OTHERFILE": f"{self._id}{part}.php",
        }
        return template.filled(text, names)

    def _declare(self, text: str) -> None:
        """A declaration at the top level of one of the plant's files."""
        if not text:
            return
        choices = [*self._others, *([self._main] if not self._main.namespace else [])]
        target = self._random.choice(choices)
        self._edit(target, len(target.source), text)

    def _edit(self, target: Place, offset: int, text: str) -> None:
        self._edits.append(Edit(target.path, offset, text, self._number))
        self._text.append(f"// {target.path}\n{text}")

    def _part(self, template: Template, part: str, given: str, made: str) -> str:
        """A template's statements; what it declares is put somewhere."""
        self._declare(self._filled(template, template.declare, part))
        if template.file:
            text = self._filled(template, template.file, part)
            # the including function may stand in any of the plant's files
            for folder in sorted({posixpath.dirname(item.path) for item in (self._main, *self._others)}):
                self._new_files.append((f"{folder}/{self._id}{part}.php", text))
            self._text.append(text)
        return self._filled(template, template.code, part, given, made)

    def _channel_part(self, given: str) -> str:
        """Statements that send a variable, after those that say where to."""
        if self._address is None or self._sending is None:
            return self._part(self._channel, "h", given, "")
        address = f"$x{self._id}h"
        where = self._part(self._address, "a", "", address)
        return where + " " + self._part(self._channel._replace(code=self._sending), "h", given, "")

    # -- hops -------------------------------------------------------------------------------------------------

    def _hop(self, level: str, body: str, parameter: str) -> str:
        """Declare a function of the plant with this body; how it is called, with `%s` for the argument."""
        name = f"{self._id}{level}"
        style = self._random.choice(_STYLES)
        signature = f"({parameter})"
        if style == "function":
            self._declare(f"function {name}{signature} {{ {body} }}")
            return f"\\{name}(%s)"
        if style == "static":
            self._declare(f"class C{name} {{ public static function run{signature} {{ {body} }} }}")
            return f"\\C{name}::run(%s)"
        if style == "instance":
            self._declare(f"class C{name} {{ public function run{name}{signature} {{ {body} }} }}")
            return f"(new \\C{name}())->run{name}(%s)"
        if style == "inherited":
            self._declare(
                f"abstract class B{name} {{ public function run{signature} {{ {body} }} }}\n"
                f"class C{name} extends B{name} {{}}"
            )
            return f"(new \\C{name}())->run(%s)"
        homes = [(item, cls) for item in (*self._others, self._main) for cls in item.classes]
        if not homes:
            self._declare(f"function {name}{signature} {{ {body} }}")
            return f"\\{name}(%s)"
        home, cls = self._random.choice(homes)
        self._edit(home, cls.start, f"    public static function {name}{signature} {{ {body} }}")
        return f"\\{cls.name}::{name}(%s)"

    def plant(self) -> Plant:
        before = self._random.randint(0, self._calls)
        after = self._calls - before
        if self._source.scope == "function" and not before and not after:
            before, self._calls = 1, 1
        carried_in = self._random.choice(["source", "main", "channel"])
        given = self._getter_chain(before, carry=carried_in == "source")
        main = f"$v{self._id} = null; " + given if before else given
        value = f"$v{self._id}"
        if carried_in == "main" or (carried_in == "source" and not before) or (carried_in == "channel" and not after):
            main += " " + self._part(self._carrier, "c", value, f"$w{self._id}")
            value = f"$w{self._id}"
            carried_in = "done"
        main += " " + self._sender_chain(after, value, carry=carried_in == "channel")
        site = self._put_main(main)
        used = len({edit.path for edit in self._edits})
        return Plant(
            self._number, self._source.name, self._carrier.name, self._channel.name,
            self._address.name if self._address else "literal", self._calls, used, site, self._host,
            self._labels, self._channel.rule, "\n".join(self._text), tuple(self._edits),
            tuple(self._new_files),
        )  # fmt: skip

    def _getter_chain(self, depth: int, *, carry: bool) -> str:
        """Statements that put the secret into the main variable, through `depth` functions."""
        value = f"$v{self._id}"
        body = self._part(self._source, "s", "", value)
        if self._source.arrays and not self._carrier.arrays:
            body += f" {value} = {self._random.choice(_AS_TEXT) % value};"
        if not depth:
            return body
        if carry:
            body += " " + self._part(self._carrier, "c", value, f"$w{self._id}") + f" return $w{self._id};"
        else:
            body += f" return {value};"
        call = self._hop("g0", body, "") % ""
        for level in range(1, depth):
            call = self._hop(f"g{level}", f"return {call};", "") % ""
        return f"{value} = {call};"

    def _sender_chain(self, depth: int, value: str, *, carry: bool) -> str:
        """Statements that send a variable, through `depth` functions."""
        if not depth:
            return self._channel_part(value)
        body, inner = "", "$data"
        if carry:
            body, inner = self._part(self._carrier, "c", "$data", "$made"), "$made"
        body += " " + self._channel_part(inner)
        call = self._hop("t0", body, "$data")
        for level in range(1, depth):
            call = self._hop(f"t{level}", call % "$data" + ";", "$data")
        return call % value + ";"

    def _put_main(self, main: str) -> str:
        """Put the main statements somewhere in the main file."""
        sites = ["file", "function"]
        if self._main.bodies:
            sites += ["body"] * 4
        if self._main.classes:
            sites += ["method"]
        site = self._random.choice(sites)
        if self._source.scope == "function" and site == "file":
            site = "function"
        if site == "body":
            self._edit(self._main, self._random.choice(self._main.bodies).start, main)
        elif site == "method":
            cls = self._random.choice(self._main.classes)
            self._edit(self._main, cls.start, f"    public function do{self._id}() {{ {main} }}")
        elif site == "function":
            self._edit(self._main, len(self._main.source), f"function do{self._id}() {{ {main} }}\ndo{self._id}();")
        else:
            self._edit(self._main, len(self._main.source), main)
        return site
