"""Functions that keep a value under a name and those that give it back: caches, constants, settings, files, buffers.

A place is known by the text of its name: `apcu_store('k', $x)` and `apcu_fetch('k')`, a file written and read again,
also one whose path is only known by the expression that made it. What is kept is a store as properties are: whoever
reads it is evaluated again when it changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from scanner.analysis import archives, output, packing, reaches, reported
from scanner.analysis.evaluator import Evaluator
from scanner.analysis.handlers import call_here, handles, sorted_items
from scanner.analysis.keyed import file_names, named_in_part
from scanner.analysis.named import HELD
from scanner.analysis.origins import DATABASE_FILE, FILE
from scanner.analysis.state import LISTED
from scanner.analysis.summary import PARAM
from scanner.analysis.templates import PARAMETERS, is_known
from scanner.analysis.values import NOTHING, Trace, Val, all_labels, all_sites, join_all
from scanner.model.facts import Call
from scanner.model.signature import LocalSink, Signature

_WRITES: Mapping[str, tuple[str, int, int]] = {
    "define": ("const", 0, 1),
    "ini_set": ("ini", 0, 1),
    "ini_alter": ("ini", 0, 1),
    "file_put_contents": ("file", 0, 1),
    **dict.fromkeys(
        ("apcu_store", "apcu_add", "apc_store", "apc_add", "xcache_set", "wincache_ucache_set", "zend_shm_cache_store",
         "shmop_write"),
        ("cache", 0, 1),
    ),
    "shm_put_var": ("cache", 1, 2),
}  # fmt: skip
"""Function -> kind of store, argument that names the place, argument that is kept."""
_READS: Mapping[str, tuple[str, int]] = {
    "ini_get": ("ini", 0),
    **dict.fromkeys(
        ("file_get_contents", "file", "fopen", "readfile", "parse_ini_file", "gzfile", "gzopen", "bzopen",
         "php_strip_whitespace", "show_source", "highlight_file", "simplexml_load_file"),
        ("file", 0),
    ),
    **dict.fromkeys(
        ("apcu_fetch", "apc_fetch", "xcache_get", "wincache_ucache_get", "zend_shm_cache_fetch", "shmop_read"),
        ("cache", 0),
    ),
    "shm_get_var": ("cache", 1),
}  # fmt: skip
_OF_CALLERS = frozenset({"cache", "file", "ini"})
"""Spaces of which callers say the name: `function setting($name) { return ini_get($name); }`."""
_MOVES = frozenset({"copy", "rename", "move_uploaded_file", "link", "symlink"})
_STREAM_WRITES = frozenset({"fwrite", "fputs", "fputcsv", "gzwrite", "gzputs", "bzwrite", "fprintf", "vfprintf",
                            "imagechar", "imagefttext", "imagesetpixel", "imagestring", "imagestringup", "imagettftext",
                            "xmlwriter_text", "xmlwriter_write_attribute", "xmlwriter_write_cdata",
                            "xmlwriter_write_comment", "xmlwriter_write_element", "xmlwriter_write_raw",
                            "socket_write"})  # fmt: skip
_STREAM_READS = frozenset({"fread", "fgets", "fgetc", "fgetcsv", "stream_get_contents", "stream_get_line", "fscanf",
                           "fpassthru", "gzread", "bzread", "imagecolorat", "xmlwriter_flush",
                           "xmlwriter_output_memory", "socket_read"})  # fmt: skip
_PACKING = frozenset({"addFile", "addGlob", "buildFromDirectory", "replaceFile"})
"""Methods of archives that take a file in."""
_MAX_NAMES = 4
_MAX_WORDS = 12
ALL_VARIABLES = ("\2env", "\0")
"""All that `putenv` puts into the environment, under whatever names."""
SCRIPT = "\2script"
"""Space of texts that are written to files and can be scripts."""
_COMMAND = re.compile(r"(?m)^[^<>]{0,200}?\w[ (\"'][^<]{0,400}?(?:\w\.\w|\$\w)")
"""A line of a script that says anything of a host, or of a variable."""
_MAX_SCRIPT = 2_000
SCHEME = "\2scheme"
"""Space of what is written to addresses, by scheme."""
_PATH = "path"
"""Element of what is kept there: the addresses."""
FILTERED = "filtered"
"""Role of a stream that has a filter of the program."""
_FILTER = ("\2filter", "*")
_LISTS = frozenset({"glob", "scandir"})
_WILD = re.compile(r"[*?]+|\[[^\]]*\]|\{[^}]*\}")
"""What stands for more than one text in a pattern for files."""
_IN_MEMORY = ("php://memory", "php://temp")
MEMORY = "memory"
"""In the place of the library that made it: a stream that is no file, so that nothing else keeps what is in it."""
_SEGMENTS = frozenset({"shmop_read", "shmop_write"})
_KEY = "key"
"""Role of a segment of shared memory: the key that it was opened by."""
_TOKENS = "->tokens"
"""Text that `strtok` goes through, as a variable that no PHP code can name."""
_PICTURES = frozenset({"imagebmp", "imagegd", "imagegd2", "imagegif", "imagejpeg", "imagepng", "imagewebp"})


_FILES = ("url", "path", "file")
"""Roles of the path that a handle or an archive was opened with."""


def places(evaluator: Evaluator, space: str, name: Val) -> list[tuple[str, str]]:
    """Stores that a name stands for; none when only a caller knows it.

    A temporary file, whose name no text tells, is known by the call that made it.
    """
    if space != "file":
        known = [*evaluator.known_texts(name), *named_in_part(space, name)]
    else:
        made = [f"\0{site}" for site in sorted(name.sites) if site >= 0]
        known = made + [text for text in sorted(name.texts) if not made or is_known(text)]
    return [(f"\2{space}", text) for text in known if text and not PARAMETERS.search(text) and text[:6] != "php://"][
        :_MAX_NAMES
    ]


def keep(evaluator: Evaluator, name: str, args: list[Val]) -> Val:
    """Effect of a call that keeps something, value of one that gives something back."""
    _special(evaluator, name, args)
    if name in _SEGMENTS and args:
        args = [evaluator.with_sites({}, args[0].sites).get(_KEY, NOTHING), *args[1:]]
    if name == "strtok" and args:
        return _tokens(evaluator, args)
    write, read = _WRITES.get(name), _READS.get(name)
    _keep(evaluator, name, write, args)
    if name in _STREAM_READS and args:
        held = evaluator.join(Val(labels=all_labels(args[0])), evaluator.held_in(args[0]))
        return packing.called(evaluator, name, [], held)
    if name in _LISTS and args:
        matching = _matching(evaluator, args[0]) if name == "glob" else NOTHING
        return evaluator.join(matching, _listed(evaluator, name, args[0]))
    if name == "stream_get_meta_data" and args:  # the path of an open file stands for the file
        return Val(items={"uri": Val(evaluator.unknown("$uri").texts, sites=args[0].sites)})
    if read is not None and read[1] < len(args):
        if read[0] == "file" and evaluator.state.lasting(args[0].labels):
            _addressed(evaluator, args[0], NOTHING)
        space, name_of = read[0], args[read[1]]
        known = kept_under(evaluator, space, name_of)
        known = packing.lines(known) if name == "file" else known
        return evaluator.join(known, evaluator.named_by_caller(space, name_of)) if space in _OF_CALLERS else known
    return NOTHING


def _tokens(evaluator: Evaluator, args: list[Val]) -> Val:
    """`strtok($text, ' ')` begins with a text, `strtok(' ')` goes on with it."""
    if len(args) > 1:
        evaluator.env[_TOKENS] = Val(labels=all_labels(args[0]))
    return evaluator.env.get(_TOKENS, NOTHING)


def _matching(evaluator: Evaluator, pattern: Val) -> Val:
    """Files that a pattern stands for: its text with holes, and the site's own file where its beginning says so."""
    any_text = evaluator.state.holes.template("unknown", "as a pattern says")
    found: set[str] = set()
    for text in sorted(pattern.texts)[:_MAX_NAMES]:
        folder, _separator, name = text.rpartition("/")
        start = name[: min((name + mark).find(mark) for mark in "*?[{")]
        if len(start) > 1 and start != name and DATABASE_FILE.startswith(start) and fnmatchcase(DATABASE_FILE, name):
            found.add(f"{folder}/{DATABASE_FILE}")
        found.add(_WILD.sub(any_text, text))
    return Val(rest=Val(frozenset(found))) if found else NOTHING


def _listed(evaluator: Evaluator, name: str, given: Val) -> Val:
    """Files that were written to and that a pattern, or a folder, holds: by the text of their paths."""
    if evaluator.state.read_store(LISTED) is NOTHING:
        return NOTHING
    paths = evaluator.state.places_of["\2file"]
    found: set[str] = set()
    for text in sorted(given.texts)[:_MAX_NAMES]:
        folder = text.rstrip("/")
        for path in paths:
            if name == "glob" and fnmatchcase(path, text):
                found.add(path)
            elif name != "glob" and path.startswith(folder) and path != folder:
                found.add(path[len(folder) :].lstrip("/"))
    return Val(rest=Val(frozenset(sorted(found)[:_MAX_WORDS]))) if found else NOTHING


def _keep(evaluator: Evaluator, name: str, write: tuple[str, int, int] | None, args: list[Val]) -> None:
    if write is not None and write[2] < len(args):
        space, target, kept = write
        _store(evaluator, space, args[target], args[kept])
    elif name == "putenv" and args:
        for text in sorted(args[0].texts):
            variable, separator, given = text.partition("=")
            if separator:
                _store(evaluator, "env", Val(frozenset([variable])), Val(frozenset([given]), all_labels(args[0])))
        _keep_at(evaluator, ALL_VARIABLES, Val(labels=evaluator.state.telling(all_labels(args[0]))))
    elif name in _STREAM_WRITES and len(args) > 1:
        _hold(evaluator, args[0], join_all(packing.line_of(name, args[1:]), evaluator.state.overflow))
    elif name == "error_log" and len(args) > 2 and "3" in args[1].texts:  # noqa: PLR2004  message, type, path
        _store(evaluator, "file", args[2], args[0])
    elif name in _MOVES and len(args) > 1:
        _store(evaluator, "file", args[1], kept_under(evaluator, "file", args[0]))


def _hold(evaluator: Evaluator, stream: Val, written: Val) -> None:
    """What is written to a stream or into an archive: the stream holds it, and so does the file that it stands for."""
    labels, told = evaluator.state.telling(all_labels(written)), packing.told(written, by_callers=True)
    if not labels and not told.texts:
        return
    held = told.replaced(labels=labels)
    for site in sorted(stream.sites):
        evaluator.set_site(site, HELD, held)
    opened = evaluator.with_sites({}, stream.sites)
    if FILTERED in opened:
        evaluator.write_shared("store", _FILTER, Val(labels=labels))
    files = [opened[role] for role in _FILES if role in opened]
    if files and "host" not in opened:
        _store(evaluator, "file", join_all(files, evaluator.state.overflow), held)


def opened(evaluator: Evaluator, name: str, args: list[Val], stream: Val) -> None:
    """Remember a stream that is in memory, and the key of a segment of shared memory."""
    for site in sorted(stream.sites) if name == "shmop_open" and args else ():
        evaluator.set_site(site, _KEY, args[0])
    if name == "fopen" and args and any(text.startswith(_IN_MEMORY) for text in args[0].texts):
        for site in stream.sites:
            evaluator.of_library(site, MEMORY)


def written(evaluator: Evaluator, sink: LocalSink, args: list[Val], receiver: Val) -> None:
    """A method that writes what it is given to a file, or into an archive."""
    if sink.effect == "file" and receiver.sites:
        _hold(evaluator, receiver, join_all((args[i] for i in sink.data if 0 <= i < len(args)), ""))
    if sink.effect == "file" and -1 in sink.data and args:
        _store(evaluator, "file", args[0], Val(labels=all_labels(receiver)))


def of_opened(evaluator: Evaluator, signature: Signature, args: list[Val], made: Val) -> dict[str, Trace]:
    """What an object that stands for a file holds: what was written to the file, or a credential file's content."""
    held = kept_under(evaluator, "file", args[0]) if signature.kind == "file-url" and args else NOTHING
    return {**held.labels, **{label: trace for label, trace in made.labels.items() if label.startswith(FILE)}}


def packed(evaluator: Evaluator, signature: Signature, roles: Mapping[str, Val], receiver: Val | None) -> None:
    """A method that puts a file into an archive: the archive holds what the file holds."""
    if receiver is not None and signature.callable.rpartition("::")[2] in _PACKING:
        for role in ("path", "url"):
            _hold(evaluator, receiver, content_of(evaluator, roles.get(role, NOTHING)))


CACHES = frozenset({"redis", "memcached", "memcache", "predis\\client", "relay\\relay"})
"""Classes of stores that keep values under keys."""
_CACHE_WRITES = {"set": 1, "add": 1, "append": 1, "setex": 2, "psetex": 2, "setnx": 1, "getset": 1, "rpush": 1,
                 "lpush": 1, "sadd": 1, "hset": 2, "replace": 1}  # fmt: skip
"""Methods, and which argument is kept."""
_CACHE_READS = frozenset({"get", "getset", "getdel", "lpop", "rpop", "lrange", "smembers", "hget", "hgetall", "blpop"})


def of_class(evaluator: Evaluator, cls: str, method: str, args: list[Val], receiver: Val) -> Iterator[Val]:
    """What a method of a cache, or of an archive, gives back of what was put into it."""
    if cls in CACHES:
        yield of_cache(evaluator, method, args)
    if cls in archives.CLASSES and method in archives.READS:
        told = evaluator.with_sites({}, receiver.sites)
        files = [kept_under(evaluator, "file", told[role]) for role in _FILES if role in told]
        held = join_all([evaluator.held_in(receiver), *files], evaluator.state.overflow)
        yield held.replaced(texts=held.texts | evaluator.unknown(f"{cls}::{method}()").texts)


def put_in_archive(evaluator: Evaluator, archive: Val, value: Val) -> None:
    """`$archive['name'] = $content`."""
    if not archives.CLASSES.isdisjoint(archive.types):
        _hold(evaluator, archive, value)


def of_cache(evaluator: Evaluator, method: str, args: list[Val]) -> Val:
    """What a method of a cache keeps under a key, or gives back."""
    kept = _CACHE_WRITES.get(method)
    if kept is not None and kept < len(args):
        _store(evaluator, "cache", args[0], args[kept])
    if method not in _CACHE_READS or not args:
        return NOTHING
    return evaluator.join(kept_under(evaluator, "cache", args[0]), evaluator.named_by_caller("cache", args[0]))


def _special(evaluator: Evaluator, name: str, args: list[Val]) -> None:
    """Functions that keep or show what is none of their arguments."""
    output.observe(evaluator, name, args)
    if name in reported.FUNCTIONS:
        reported.note(evaluator, name, args)
    elif name == "stream_wrapper_register" and len(args) > 1:
        _wrapper(evaluator, args)
    elif name in ("stream_filter_append", "stream_filter_prepend") and args:
        for site in sorted(args[0].sites):
            evaluator.set_site(site, FILTERED, Val(frozenset(["1"])))
    elif name in _PICTURES and args:
        _drawn(evaluator, name, args)
    elif name == "phpinfo":
        trace = Trace(evaluator.path, evaluator.line, "phpinfo() prints the whole environment", None, 1)
        _show(evaluator, name, [Val(labels={"environment": trace})])


def _drawn(evaluator: Evaluator, name: str, args: list[Val]) -> None:
    """`imagepng($image)` shows a picture with what was written on it, with a path it makes a file."""
    held = [evaluator.sites.get(site, {}).get(HELD, NOTHING) for site in sorted(args[0].sites)]
    if len(args) > 1 and args[1].texts:
        _store(evaluator, "file", args[1], join_all(held, evaluator.state.overflow))
    else:
        _show(evaluator, name, held)


def _show(evaluator: Evaluator, name: str, values: list[Val]) -> None:
    """What a function prints that is none of its arguments."""
    output.printed(evaluator, values, name)
    shown = join_all((Val(labels=all_labels(value)) for value in values), evaluator.state.overflow)
    reaches.reach(evaluator, call_here(evaluator), "browser", name, shown)


def _wrapper(evaluator: Evaluator, args: list[Val]) -> None:
    """A class of the program gets what is written to addresses of a scheme of its own, and these addresses."""
    here = call_here(evaluator)
    for scheme in evaluator.known_texts(args[0])[:_MAX_NAMES]:
        kept = evaluator.state.read_store((SCHEME, scheme.lower()))
        path = (kept.items or {}).get(_PATH, NOTHING)
        data = Val(evaluator.unknown("$data").texts, kept.labels)
        for name in evaluator.known_texts(args[1])[:_MAX_NAMES] if kept.labels or path.labels else ():
            cls = evaluator.state.program.find_class(name.lstrip("\\"))
            stream = Val(types=frozenset([cls]))
            for method, given in (("stream_open", [path]), ("stream_write", [data]), ("stream_close", [])):
                pair = Val(items={"0": stream, "1": Val(frozenset([method]))})
                evaluator.state.interpreter.call_value(evaluator, here, pair, given)


def _store(evaluator: Evaluator, space: str, target: Val, value: Val) -> None:
    labels = evaluator.state.telling(all_labels(value))
    if space == "file":
        _script(evaluator, target, value)
    whole = value if space == "const" else packing.told(value, by_callers=True).replaced(labels=labels)
    if not labels and not whole.texts and whole.items is None and space != "const":
        return
    if space == "file" and any(text.startswith("php://filter") for text in target.texts):
        evaluator.write_shared("store", _FILTER, whole)
    if space == "file":
        evaluator.state.write_store(LISTED, Val(labels={way: at for way, at in labels.items() if way[:6] != PARAM}))
    evaluator.put_in_space(f"\2{space}", target, whole)
    for key in places(evaluator, space, target):
        _keep_at(evaluator, key, whole)
        if space == "file":
            evaluator.keep_by_name(key[1], whole)
    for site in sorted(target.sites) if space == "file" else ():
        evaluator.set_site(site, HELD, whole)
    if space == "file":
        _addressed(evaluator, target, whole)


def _script(evaluator: Evaluator, target: Val, written: Val) -> None:
    """What is written to a file may be a script that a command runs later (see `processes`)."""
    texts = frozenset(text[:_MAX_SCRIPT] for text in sorted(written.texts)[:_MAX_NAMES] if _COMMAND.search(text))
    for _space, path in places(evaluator, "file", target) if texts else ():
        _keep_at(evaluator, (SCRIPT, path), Val(texts))


def _keep_at(evaluator: Evaluator, key: tuple[str, str], value: Val) -> None:
    """Put something into a store, where the function itself finds it at once."""
    known = evaluator.kept.get(key)
    evaluator.kept[key] = value if known is None else evaluator.join(known, value)
    evaluator.write_shared("store", key, value)


def _addressed(evaluator: Evaluator, target: Val, written: Val) -> None:
    """What is written to addresses of a scheme, and what stands in them, is kept for who serves the scheme."""
    for text in sorted(target.texts):
        scheme, separator, _rest = text.partition("://")
        if separator and scheme.isalnum():
            path = Val(frozenset([text]), evaluator.state.telling(target.labels))
            evaluator.write_shared("store", (SCHEME, scheme.lower()), written.replaced(items={_PATH: path}))


def kept_under(evaluator: Evaluator, space: str, name: Val) -> Val:
    """What was kept under a name; of a file in an archive, what was put into the archive."""
    if space == "file":
        name = name.replaced(texts=archives.opened(name.texts))
    keys = places(evaluator, space, name)
    found = [evaluator.state.read_store(key) for key in keys]
    if space == "file":
        found += [evaluator.sites[site][HELD] for site in sorted(name.sites) if HELD in evaluator.sites.get(site, {})]
        found += [_of_name(evaluator, path) for _space, path in keys if path[0] != "\0"]
    return join_all([*found, *(evaluator.kept[key] for key in keys if key in evaluator.kept)], evaluator.state.overflow)


def _of_name(evaluator: Evaluator, path: str) -> Val:
    """What was written to a file of this name, where not both folders are known."""
    held = (evaluator.state.read_store(key) for key in file_names(path)[is_known(path) :])
    return join_all(held, evaluator.state.overflow)


def moved(evaluator: Evaluator, name: str, args: list[Val]) -> Val:
    """What a call that copies one file or stream to another takes along."""
    if len(args) < 2:  # noqa: PLR2004  from, to
        return NOTHING
    if name in _MOVES:
        return kept_under(evaluator, "file", args[0])
    return Val(labels=all_labels(args[0])) if name == "stream_copy_to_stream" else NOTHING


def pair(evaluator: Evaluator, node: Call) -> Val:
    """Two sockets that are connected: what is written to one is read from the other."""
    end = Val(sites=frozenset([evaluator.state.site(evaluator.number, node.start)]))
    return Val(items={"0": end, "1": end})


@handles("tmpfile", "xmlwriter_open_memory", "imagecreate", "imagecreatetruecolor")
def _temporary(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    site = evaluator.state.site(evaluator.number, node.start)
    evaluator.of_library(site, MEMORY)
    return Val(sites=frozenset([site]))


def user_agent(evaluator: Evaluator) -> Val:
    """What `ini_set('user_agent', ...)` makes every address that is opened get."""
    key = ("\2ini", "user_agent")
    if key not in evaluator.state.stores and key not in evaluator.kept:
        return NOTHING
    return kept_under(evaluator, "ini", Val(frozenset([key[1]])))


def credentials(evaluator: Evaluator, path: str, how: str = "a command is given {}") -> Val:
    """What a program reads that is given the path of a credential file; `how`: what happens to it, for people."""
    name = evaluator.state.origins.credential_file(path)
    if not name:
        return NOTHING
    return Val(labels={FILE + name: Trace(evaluator.path, evaluator.line, how.format(name), None, 1)})


def content_of(evaluator: Evaluator, path: Val) -> Val:
    """What a file holds: what was written to it, and what a file of its name is known to hold."""
    held = [credentials(evaluator, text, "{} is sent as a file") for text in sorted(path.texts)[:_MAX_NAMES]]
    return join_all([kept_under(evaluator, "file", path), *held], evaluator.state.overflow)


def sent_along(evaluator: Evaluator, roles: Mapping[str, Val]) -> Val:
    """What was written to the streams and files that a call sends (`ftp_fput`, `CURLOPT_INFILE`, `CURLFile`)."""
    sites = sorted({site for value in roles.values() for site in value.sites})
    held = [evaluator.sites.get(site, {}).get(HELD, NOTHING) for site in sites]
    parts = sorted({site for role in ("payload", "other") if role in roles for site in roles[role].sites})
    held += [evaluator.sites.get(site, {}).get("payload", NOTHING) for site in parts]  # `new SoapParam($data, 'd')`
    for site in sorted({site for value in roles.values() for site in all_sites(value)}.difference(sites)):
        inner = evaluator.sites.get(site, {})  # `['file' => new CURLFile($path)]`
        held += [inner[role] for role in (HELD, "payload") if role in inner]
        held += [content_of(evaluator, inner["file"])] if "file" in inner else []
    if "file" in roles:
        given = roles["file"]
        held += [content_of(evaluator, path) for path in (given, *sorted_items(given)[:_MAX_NAMES])]
    return join_all(held, evaluator.state.overflow)


@handles("stream_bucket_make_writeable")
def _bucket(evaluator: Evaluator, node: Call, _args: list[Val]) -> Val:
    """A piece of what is written to a stream with a filter."""
    return Val(evaluator.unknown(node).texts, evaluator.state.read_store(_FILTER).labels)
