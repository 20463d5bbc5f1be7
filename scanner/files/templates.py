"""Templates that are compiled to PHP, and tricks in those that are not.

A compiled template keeps its lines, so that findings stand where a reader looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.files.pieces import Found

MAX_BYTES = 4 * 1024**2
_PAIRS = (
    ("comment", re.compile(r"\{\{--"), re.compile(r"--\}\}")),
    ("raw", re.compile(r"(?<!@)\{!!"), re.compile(r"!!\}")),
    ("echo", re.compile(r"(?<!@)\{\{\{?"), re.compile(r"\}?\}\}")),
    ("php", re.compile(r"@php(?!\w|[ \t]*+\()"), re.compile(r"@endphp(?!\w)")),
)
"""What of Blade encloses something: its name, what opens and what closes it."""
_BLADE = re.compile(r"\{\{|\{!!|@[A-Za-z]")
"""Where anything of Blade begins."""
_DIRECTIVE = re.compile(r"(?<!\w)@(?P<name>[A-Za-z]++)(?!\w)(?P<space>[ \t]*+)(?P<open>\()?")
_PLAIN = {
    "else": "else:", "endif": "endif;", "endunless": "endif;", "endisset": "endif;", "endempty": "endif;",
    "endforeach": "endforeach;", "endforelse": "endforeach;", "endfor": "endfor;", "endwhile": "endwhile;",
}  # fmt: skip
_BLOCKS = {
    "if": "if({}):", "elseif": "elseif({}):", "unless": "if(!({})):", "isset": "if(isset({})):",
    "empty": "if(empty({})):",
    "foreach": "foreach({}):", "forelse": "foreach({}):", "for": "for({}):", "while": "while({}):", "php": "{};",
}  # fmt: skip
_PRINTS = frozenset({"json", "js", "lang", "yield", "choice", "old"})
_CALLS = frozenset(
    {"include", "includeif", "includewhen", "includeunless", "includefirst", "extends", "section", "component", "each",
     "inject", "dd", "dump", "class", "style", "push", "stack", "switch", "case", "can", "cannot", "props", "use",
     "error", "livewire", "checked", "selected", "disabled", "slot", "auth", "guest", "env", "once", "prepend",
     "session", "bool"}
)  # fmt: skip
_TAGS = (
    r"\{include_php\s++file\s*+=\s*+(?P<file>[^\s}]++)[^}]*+\}"
    r"|\{fetch\s++file\s*+=\s*+(?P<fetch>[^\s}]++)[^}]*+\}"
    r"|\{eval\s++var\s*+=\s*(?P<eval>[^}]+)\}|\{(?:php|do)\s+(?P<latte>[^}]+)\}"
)
_SMARTY = re.compile(r"\{php\}(?P<php>.*?)\{/php\}|" + _TAGS, re.DOTALL | re.IGNORECASE)
_SMARTY_TAG = re.compile(r"(?P<php>(?!))|" + _TAGS, re.IGNORECASE)
"""The same without `{php}`, where nothing closes one."""
_UP_TO_PHP = re.compile(r".*\{/php\}", re.DOTALL | re.IGNORECASE)
_DANGEROUS = (
    r"(?:system|exec|shell_exec|passthru|popen|proc_open|pcntl_exec|eval|assert|create_function|call_user_func\w*"
    r"|file_put_contents|file_get_contents|unserialize|curl_exec)"
)
_TRICKS = re.compile(
    rf"\|\s*(?:map|filter|reduce|sort)\s*\(\s*['\"]{_DANGEROUS}['\"]"
    r"|registerUndefined(?:Filter|Function)Callback|_self\.env\."
    rf"|\{{[^{{}}\n]{{0,200}}\|\s*@?{_DANGEROUS}\b(?![\w-])[^{{}}\n]{{0,80}}\}}|\bSmarty_Internal_Write_File\b|\{{\s*system\s*\("
    r"|(?:source|include)\s*\(\s*['\"](?:https?|php|data|phar|ftp):",
    re.IGNORECASE,
)


def compiled(content: bytes, kind: str) -> bytes:
    """The template as PHP, or the content itself when it holds no code of that kind."""
    if len(content) > MAX_BYTES:
        return content
    if kind == "blade":
        return _blade(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if kind in ("smarty", "latte") and b"{" in content:
        text = content.decode("utf-8", "surrogateescape")
        changed = _smarty_tags(text)
        return changed.encode("utf-8", "surrogateescape") if changed != text else content
    return content


def _smarty_tags(text: str) -> str:
    """The template with PHP for its tags; none is looked for behind what closes the last, which costs a look each."""
    closed = _UP_TO_PHP.match(text)
    end = closed.end() if closed is not None else 0
    last = max(text.rfind("}") + 1, end)
    return _SMARTY.sub(_smarty, text[:end]) + _SMARTY_TAG.sub(_smarty, text[end:last]) + text[last:]


def _blade(text: str) -> str:
    parts: list[str] = []
    copied = position = 0
    unclosed: set[str] = set()
    while (place := _BLADE.search(text, position)) is not None:
        start = place.start()
        if (found := _enclosed(text, start, unclosed)) is not None:
            written, position = found
        elif (match := _DIRECTIVE.match(text, start)) is not None:
            written, position = _directive(text, match)
        else:
            position = start + 1
            continue
        parts += (text[copied:start], written)
        copied = position
    return "".join((*parts, text[copied:]))


def _enclosed(text: str, start: int, unclosed: set[str]) -> tuple[str, int] | None:
    """PHP of what is opened at a place, and where the template goes on; None where nothing is opened and closed.

    `unclosed`: what is known to be closed nowhere from here on; it is looked for once.
    """
    for kind, opening, closing in _PAIRS:
        begin = opening.match(text, start) if kind not in unclosed else None
        if begin is None:
            continue
        end = closing.search(text, begin.end())
        if end is None:
            unclosed.add(kind)
            continue
        code = text[begin.end() : end.start()]
        if kind == "comment":
            return "\n" * code.count("\n"), end.end()
        return f"<?php {code} ?>" if kind == "php" else f"<?={code}?>", end.end()
    return None


def _directive(text: str, match: re.Match[str]) -> tuple[str, int]:
    """PHP of a directive, and where the template goes on."""
    name = match["name"].lower()
    if match["open"] and (name in _BLOCKS or name in _PRINTS or name in _CALLS):
        end = _closing(text, match.end())
        inner = text[match.end() : end]
        if name in _BLOCKS:
            return f"<?php {_BLOCKS[name].format(inner)} ?>", end + 1
        if name in _PRINTS:
            return f"<?= blade_{name}({inner}) ?>", end + 1
        return f"<?php blade_{name}({inner}); ?>", end + 1
    if not match["open"] and name in _PLAIN:
        return f"<?php {_PLAIN[name]} ?>", match.end()
    return match[0], match.end()


def _closing(text: str, position: int) -> int:
    """Offset of the bracket that closes one before `position`; strings are skipped."""
    depth, quote = 1, ""
    for index in range(position, min(len(text), position + 20_000)):
        character = text[index]
        if quote:
            if character == quote and text[index - 1] != "\\":
                quote = ""
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += character == "("
        elif character == ")":
            depth -= 1
            if not depth:
                return index
    return min(len(text), position + 20_000)


def _smarty(match: re.Match[str]) -> str:
    if match["php"] is not None:
        return f"<?php {match['php']} ?>"
    if match["file"] is not None:
        return f"<?php include {match['file']}; ?>"
    if match["fetch"] is not None:
        return f"<?php echo file_get_contents({match['fetch']}); ?>"
    if match["eval"] is not None:
        return f"<?php eval({match['eval']}); ?>"
    return f"<?php {match['latte']}; ?>"


def read_template(content: bytes) -> Iterator[Found]:
    """Filters and calls that let a template run commands or load code."""
    text = content[:MAX_BYTES].decode("latin-1")
    for count, match in enumerate(_TRICKS.finditer(text)):
        if count > 50:  # noqa: PLR2004
            return
        yield Found(
            match.start(), match.end(), "template-code", match[0].split("(")[0].strip("{| ")[:40], text=match[0][:200]
        )
