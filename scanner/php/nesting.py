"""Strings whose interpolations hold any code: `"{$a["k"]}"`, closures and heredocs inside strings. They need a stack.

Source: the state stack of `Zend/zend_language_scanner.l`: `{` pushes, `}` pops, a string inside an interpolation is
read to its own end before the outer one goes on.
"""

from __future__ import annotations

from scanner.php.masks import blank, is_comment, mask_prose, mask_token
from scanner.php.tokens import (
    CLOSING,
    HEREDOC,
    HEREDOC_PROSE,
    LINE_END,
    NESTED_TOKEN,
    NOWDOC_PROSE,
    OPEN,
    PARTIAL,
    PROSE,
    TEXT,
    TOKEN,
)

_CODE = b"}"
_INTERPOLATIONS = (b"{$", b"${")


class NestedReader:
    """Reads a source from a token that is not flat to the end; one use per object."""

    def __init__(self, source: bytes) -> None:
        """Start with nothing read."""
        self.masked: list[bytes] = []
        self.uncommented: list[bytes] = []
        self.ok = True
        self._source = source
        self._frames: list[bytes] = []
        """What ends the innermost construct: `}`, a quote, or `<` and the label of a heredoc (`'` for a nowdoc)."""

    def read(self, position: int, *, in_text: bool) -> None:
        """Read to the end from `position`, a place in code outside of any string, or in template text."""
        if in_text:
            position = self._text(position)
        while position < len(self._source):
            frame = self._frames[-1] if self._frames else _CODE
            if frame == _CODE:
                position = self._code(position)
            elif frame in PROSE:
                position = self._prose(position, frame)
            else:
                position = self._heredoc_line(position, frame)
        self.ok = self.ok and not self._frames

    def _emit(self, masked: bytes, plain: bytes) -> None:
        self.masked.append(masked)
        self.uncommented.append(plain)

    def _give_up(self, position: int) -> int:
        rest = self._source[position:]
        self._emit(rest, rest)
        self.ok = False
        return len(self._source)

    def _code(self, position: int) -> int:
        match = (NESTED_TOKEN if self._frames else TOKEN).search(self._source, position)
        end = match.start() if match else len(self._source)
        code = self._source[position:end]
        self._emit(code, code)
        if match is None:
            return end
        token = match[1]
        if token in PARTIAL and not (token == b"?>" and match.end() == len(self._source)):
            return self._open(token, match.start())
        if token == b"{":
            self._frames.append(_CODE)
        elif token == b"}":
            self._frames.pop()
        if token in (b"{", b"}"):
            self._emit(token, token)
        else:
            masked = mask_token(token)
            self._emit(masked, masked if is_comment(token) else token)
        return match.end()

    def _open(self, mark: bytes, position: int) -> int:
        if mark in PROSE:
            self._frames.append(mark)
            self._emit(mark, mark)
            return position + 1
        if mark == b"?>":
            self._emit(mark, mark)
            return self._text(position + 2)
        head = HEREDOC.match(self._source, position) if mark == b"<<<" else None
        if head is None:
            return self._give_up(position)
        self._frames.append((b"'" if head[1] == b"'" else b"<") + head[2])
        self._emit(mark + blank(head[0][3:]), head[0])
        return self._closing(head.end())

    def _text(self, position: int) -> int:
        match = TEXT.match(self._source, position)
        end = match.end() if match else position
        text = self._source[position:end]
        self._emit(blank(text), text)
        if end == len(self._source):
            return end
        tag = OPEN.match(self._source, end)
        opened = tag[0] if tag else b"<?"
        self._emit(opened, opened)
        self.ok = self.ok and tag is not None
        return end + len(opened)

    def _prose(self, position: int, mark: bytes) -> int:
        match = PROSE[mark].match(self._source, position)
        end = match.end() if match else position
        content = self._source[position:end]
        self._emit(mask_prose(content), content)
        if self._source[end : end + 1] == mark:
            self._frames.pop()
            self._emit(mark, mark)
            return end + 1
        return self._interpolation(end)

    def _interpolation(self, position: int) -> int:
        opened = self._source[position : position + 2]
        if opened not in _INTERPOLATIONS:
            return self._give_up(position)
        self._frames.append(_CODE)
        self._emit(opened, opened)
        return position + 2

    def _heredoc_line(self, position: int, frame: bytes) -> int:
        nowdoc = frame.startswith(b"'")
        match = (NOWDOC_PROSE if nowdoc else HEREDOC_PROSE).match(self._source, position)
        end = match.end() if match else position
        content = self._source[position:end]
        self._emit(blank(content) if nowdoc else mask_prose(content), content)
        newline = LINE_END.match(self._source, end)
        if newline is None:
            return self._interpolation(end)
        self._emit(newline[0], newline[0])
        return self._closing(newline.end())

    def _closing(self, position: int) -> int:
        """Behind the closing label if it stands here at the start of a line, else where we are."""
        match = CLOSING.match(self._source, position)
        if match is None or match[1] != self._frames[-1][1:]:
            return position
        self._frames.pop()
        self._emit(blank(match[0]), match[0])
        return match.end()
