"""Reads YAML into nodes with exact places; whatever is wrong with the file becomes a finding, never an exception."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

import yaml

from dutyflow.rulebook.files import DISK, Files
from dutyflow.rulebook.findings import Findings, Related
from dutyflow.rulebook.nodes import Node, Scalar, Span
from dutyflow.rulebook.places import Place, Source
from dutyflow.rulebook.punctuation import check_punctuation
from dutyflow.rulebook.yaml_errors import problem, report_impossible_escape, report_syntax_error
from dutyflow.wording import Phrase

BYTES_MAX = 2 * 1024 * 1024
NODES_MAX = 100_000
DEPTH_MAX = 64
NUMBER_LENGTH_MAX = 40  # longer strings of digits are card or serial numbers, and int() refuses very long ones

# libyaml is about ten times faster; the pure Python loader gives the same events where it is missing.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TOO_DEEP = "exceeded maximum nesting depth"
"""What newer releases of libyaml say before our own limit has been reached: they read ahead of what they report."""

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_SURROGATE = re.compile("[^\x00-\ud7ff\ue000-\U0010ffff]")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def read_file(path: Path, findings: Findings, *, shown_as: str | None = None, files: Files = DISK) -> Node | None:
    """Read one file; None (and at least one finding) if it cannot be read as one YAML document.

    `shown_as` is the path that people see. The size is looked at before anything is parsed.
    """
    shown = shown_as or str(path)
    try:
        data = files.read(path, BYTES_MAX + 1)
    except OSError as error:
        findings.add("DF014", Place.whole(shown), reason=error.strerror or type(error).__name__)
        return None
    if len(data) > BYTES_MAX:
        findings.add("DF004", Place.whole(shown), limit=f"{BYTES_MAX // 1024 // 1024} MiB")
        return None
    return read_bytes(shown, data, findings)


def read_bytes(path: str, data: bytes, findings: Findings) -> Node | None:
    """Read the content of a file that must be UTF-8; a byte order mark is accepted."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        place = Source.of(path, before).place_at(len(before))
        findings.add_source(Source.of(path, data.decode("utf-8-sig", errors="replace")))
        findings.add("DF003", place, offset=error.start, byte=f"0x{data[error.start]:02X}")
        return None
    return read_text(path, text, findings)


def read_text(path: str, text: str, findings: Findings) -> Node | None:
    """Read YAML text. None if there is no tree to go on with; the findings say why.

    A tree may come back although errors were found (a duplicate key): the first of the two is kept,
    so that later checks can report more. Ask `findings.has_errors` before using it.
    """
    source = Source.of(path, text.removeprefix("\ufeff"))
    findings.add_source(source)
    if len(source.text.encode("utf-8", errors="replace")) > BYTES_MAX:
        findings.add("DF004", Place.whole(path), limit=f"{BYTES_MAX // 1024 // 1024} MiB")
        return None
    forbidden = _FORBIDDEN.search(source.text)
    if forbidden:
        findings.add("DF024", source.place_at(forbidden.start()), character=f"U+{ord(forbidden[0]):04X}")
        return None
    try:
        root = _Builder(source, findings).build()
    except yaml.MarkedYAMLError as error:
        if error.problem == _TOO_DEEP and error.problem_mark is not None:
            place = source.place_at(error.problem_mark.index)
            findings.add("DF025", place, limit=DEPTH_MAX)
        else:
            report_syntax_error(error, source, findings)
        return None
    except (yaml.YAMLError, ValueError):  # the Python loader lets chr() complain about an impossible escape
        report_impossible_escape(source, findings)
        return None
    except _Stop:
        return None
    if root is not None:
        check_punctuation(root, findings)
    return root


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar by the core rules of YAML 1.2; what could be meant as text stays text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-0123456789" or len(text) > NUMBER_LENGTH_MAX:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return text


class _Stop(Exception):
    """Reading this file makes no sense any further; the finding has been added."""


class _Open:
    """A mapping or list whose end has not been read yet, and the key that waits for its value."""

    __slots__ = ("anchor", "flow", "key", "key_span", "node", "skip")

    def __init__(self, node: Node, anchor: str | None, *, flow: bool):
        self.node = node
        self.anchor = anchor
        self.flow = flow
        self.key: str | None = None
        self.key_span: Span = node.span
        self.skip = False  # the value belongs to a key that was refused


class _Builder:
    """Turns parser events into nodes. A loop with its own stack, so that depth is ours to bound."""

    def __init__(self, source: Source, findings: Findings):
        self.source = source
        self.findings = findings
        self.stack: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}  # None while the anchored value is still open
        self.root: Node | None = None
        self.count = 0
        self.documents = 0

    def build(self) -> Node | None:
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_map,
            yaml.SequenceStartEvent: self._open_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        loader = _Loader(self.source.text)
        try:
            while (event := loader.get_event()) is not None:
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        finally:
            loader.dispose()
        return self._finished()

    def _finished(self) -> Node | None:
        root = self.root
        if root is None or (root.kind == "scalar" and root.value is None and not root.quoted):
            self.findings.add("DF010", Place.whole(self.source.path))
            return None
        return root

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop("DF008", event)

    def _scalar(self, event: Any) -> None:
        self._refuse_tag(event)
        text, quoted = event.value, bool(event.style)
        if quoted and not text.isascii() and _SURROGATE.search(text):  # the Python loader takes such an escape
            self.findings.add("DF024", Place(self.source.path, *_span(event)), character="U+D800–U+DFFF")
            text = _SURROGATE.sub("\ufffd", text)
        value = text if quoted else resolve_plain(text)
        node = Node("scalar", self.source.path, _span(event), value=value, text=text, quoted=quoted)
        self._count(event)
        self._keep_anchor(event.anchor, node)
        self._place(node)

    def _open_map(self, event: Any) -> None:
        self._open(Node("map", self.source.path, _span(event)), event)

    def _open_list(self, event: Any) -> None:
        self._open(Node("list", self.source.path, _span(event)), event)

    def _open(self, node: Node, event: Any) -> None:
        self._refuse_tag(event)
        self._count(event)
        if len(self.stack) >= DEPTH_MAX:
            self._stop("DF025", event, limit=DEPTH_MAX)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(node, event.anchor, flow=bool(event.flow_style)))

    def _close(self, event: Any) -> None:
        done = self.stack.pop()
        node = done.node
        line, column = node.span[:2]
        if done.flow:
            end = (event.end_mark.line + 1, event.end_mark.column + 1)
        else:  # the parser puts the end of a block where the next thing starts: take that of the last child
            last = _last_span(node, done)
            end = max((last[2], last[3]), (line, column + 1))
        node.span = (line, column, *end)
        self._keep_anchor(done.anchor, node)
        self._place(node)

    def _alias(self, event: Any) -> None:
        name = event.anchor
        if name not in self.anchors:
            self._stop("DF001", event, **problem("undefined_alias", name=name))
        target = self.anchors[name]
        if target is None:
            self._stop("DF005", event, alias=name, kind=Phrase.of("yaml.alias_recursive", name=name))
        self.count += target.size - 1
        self._count(event, alias=name)
        if len(self.stack) + target.height > DEPTH_MAX:
            self._stop("DF025", event, limit=DEPTH_MAX)
        self._place(target, _span(event))

    def _place(self, node: Node, written: Span | None = None) -> None:
        """Put a finished node where it belongs: root, list item, key or value."""
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if top.node.kind == "list":
            top.node.children.append(node)
        elif top.key is None:
            self._take_key(top, node, written or node.span)
            return
        else:
            if not top.skip:
                top.node.entries[top.key] = (top.key_span, node)
            top.key = None
        parent = top.node
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)

    def _take_key(self, top: _Open, node: Node, span: Span) -> None:
        top.key, top.key_span, top.skip = node.text, span, True
        place = Place(self.source.path, *span)
        if node.kind != "scalar" or (not node.text and not node.quoted):
            self.findings.add("DF021", place)
        elif node.text == "<<" and not node.quoted:
            self.findings.add("DF007", place)
        elif node.text in top.node.entries:
            first = Related(top.node.key_place(node.text))
            self.findings.add("DF002", place, related=[first], key=node.text)
        else:
            top.skip = False

    def _keep_anchor(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self.anchors[anchor] = node

    def _count(self, event: Any, alias: str | None = None) -> None:
        self.count += 1
        if self.count <= NODES_MAX:
            return
        if alias is not None:
            self._stop("DF005", event, alias=alias, kind=Phrase.of("yaml.alias_explosion", name=alias))
        self._stop("DF026", event, limit=NODES_MAX)

    def _refuse_tag(self, event: Any) -> None:
        if event.tag is not None:
            self.findings.add("DF006", _place_of_tag(self.source, _span(event)), tag=_short_tag(event.tag))

    def _stop(self, code: str, event: Any, **values: object) -> NoReturn:
        span = _span(event)
        self.findings.add(code, Place(self.source.path, *span), related=(), **values)
        raise _Stop


def _span(event: Any) -> Span:
    start, end = event.start_mark, event.end_mark
    return (start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _last_span(node: Node, done: _Open) -> Span:
    """The end of a block mapping or list: that of whatever was written last in it."""
    if node.kind == "list":
        return max((child.span for child in node.children), key=_end, default=node.span)
    spans = [span for key_span, child in node.entries.values() for span in (key_span, child.span)]
    return max((*spans, done.key_span), key=_end, default=node.span)


def _end(span: Span) -> tuple[int, int]:
    return span[2:]


def _place_of_tag(source: Source, span: Span) -> Place:
    """The tag itself: the parser's span starts at the tag or at an anchor before it."""
    line, column = span[:2]
    found = re.compile(r"![^\s,\[\]{}]*").search(source.line(line), column - 1)
    if not found:
        return Place(source.path, *span)
    return source.place(line, found.start() + 1, found.end() + 1)


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
