"""PNML (ISO/IEC 15909-2): place/transition nets as other tools write them.

Read are places, transitions, arcs with weights, initial markings, pages, reference nodes, and `finalmarkings` as pm4py
writes them (an empty one says nothing). What is for other tools or for the eye is passed over: `toolspecific`,
`graphics`. What would change the meaning and is not supported is refused by name: high-level nets, inhibitor and reset
arcs, capacities, priorities, times.

Places and transitions keep their `name` where all names of their kind are different, otherwise their `id`; what is no
name in formulas is made one (`s.1` becomes `s_1`), and the original is kept as `title`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ..errors import Located, ModelError, Position, Problem, did_you_mean, report
from ..load import with_constants
from ..load.values import RESERVED
from ..model import Net, NetTransition, Place
from .xml import Element, read_xml

_HIGH_LEVEL = re.compile(r"symmetric|high-?level|hlpn|hlnet|colou?red|timed|stochastic|inhibitor|nested", re.IGNORECASE)
_NODES = {"place": "place", "referencePlace": "place", "transition": "transition", "referenceTransition": "transition"}
# What may stand in a node or an arc without changing what it means; orientation and the like are PIPE's.
_HARMLESS = frozenset(
    {"name", "graphics", "toolspecific", "initialMarking", "inscription", "arcpath", "orientation", "rate", "tagged",
     "infiniteServer", "label", "description", "documentation"}
)  # fmt: skip
# Elements that are harmless with these values only.
_NEUTRAL = {"capacity": {"0", "infinite", ""}, "timed": {"false"}, "priority": {"0", "1"}, "type": {"normal", ""},
            "arctype": {"normal"}}  # fmt: skip
_HINT = "modelcheck reads place/transition nets"


def load_pnml(path: str | Path, constants: Mapping[str, str] | None = None) -> Net:
    """The net in a file. Raises `ModelError` with all problems: of XML as `read_xml`, and E025, E030, E042 to E044."""
    problems: list[Problem] = []
    net = _Reader(_the_net(read_xml(path), str(path)), problems).net()
    net = with_constants(net, constants or {}, problems)
    if problems:
        raise ModelError(problems)
    return net


def _the_net(root: Element, file: str) -> tuple[Element, Element | None]:
    """The net of a document, and the final markings that stand beside it."""
    if root.name != "pnml":
        message = f"expected <pnml>, found <{root.name[:40]}>"
        raise ModelError([Problem("E042", message, root.position, "a .pnml file holds a net as PNML")])
    around = [root, *(child for child in root.all("module"))]
    nets = [net for each in around for net in each.all("net")]
    if len(nets) != 1:
        what = "there is no <net> in it" if not nets else f"there are {len(nets)} nets in it"
        place = nets[1].position if nets else root.position
        raise ModelError([Problem("E042", f"{what}: one net a file", place, f"of {Path(file).name} keep one net")])
    final = (each.first("finalmarkings") for each in (nets[0], *around))
    return nets[0], next((each for each in final if each is not None), None)


class _Reader:
    """Reads one net; what is wrong is noted."""

    def __init__(self, found: tuple[Element, Element | None], problems: list[Problem]):
        self.root, self.final = found
        self.problems = problems
        self.nodes: dict[str, Element] = {}
        self.arcs: list[Element] = []

    def note(self, code: str, message: str, place: Position, hint: str = "") -> None:
        report(self.problems, Problem(code, message, place, hint))

    def net(self) -> Net:
        self.check_kind()
        self.collect()
        names = {kind: self.names_of(kind) for kind in ("place", "transition")}
        name = self.root.first("name")
        title = _value(name) if name is not None else None
        tokens = {name: self.number(self.nodes[key].first("initialMarking"), 0) for key, name in names["place"].items()}
        takes, gives = self.markings(names)
        return Net(
            name=title or self.root.attributes.get("id") or "net",
            places={
                name: Place(tokens=tokens[name], title=self.title(key, name)) for key, name in names["place"].items()
            },
            transitions={
                name: NetTransition(takes=takes[name], gives=gives[name], title=self.title(key, name))
                for key, name in names["transition"].items()
            },
            final=tuple(self.final_markings(names["place"])),
        )

    def check_kind(self) -> None:
        kind = self.root.attributes.get("type", Located("", self.root.position))
        if _HIGH_LEVEL.search(kind):
            self.note("E043", f"nets of the type '{kind[:80]}' are not supported", kind.position, _HINT)

    def collect(self) -> None:
        """All nodes and arcs, of all pages."""
        pending = [self.root]
        while pending:
            inside = pending.pop(0)
            for child in inside.children:
                if child.name == "page":
                    pending.append(child)
                elif child.name == "declaration" and child.first("structure") is not None:
                    self.note("E043", "declarations of colours are not supported", child.position, _HINT)
                elif child.name in _NODES:
                    self.check_parts(child)
                    self.node(child)
                elif child.name == "arc":
                    self.check_parts(child)
                    self.arcs.append(child)
                elif re.search(r"arc\Z", child.name, re.IGNORECASE):
                    self.note("E043", f"<{child.name[:40]}> is not supported", child.position, _HINT)

    def check_parts(self, element: Element) -> None:
        for part in element.children:
            value = part.attributes.get("value", _value(part)).strip().lower()
            if part.name not in _HARMLESS and value not in _NEUTRAL.get(part.name, ()):
                shown = f" '{value[:40]}'" if value else ""
                message = f"<{part.name[:40]}>{shown} of a <{element.name}> is not supported"
                self.note("E043", message, part.position, _HINT)

    def node(self, element: Element) -> None:
        key = element.attributes.get("id")
        if not key:
            self.note("E044", f"a <{element.name}> has no id", element.position)
        elif key in self.nodes:
            first = self.nodes[key].position.line
            self.note("E044", f"the id '{key[:80]}' is already given in line {first}", element.position)
        else:
            self.nodes[key] = element

    def names_of(self, kind: str) -> dict[str, Located]:
        """The names of all places, or of all transitions, by id."""
        real = {key: each for key, each in self.nodes.items() if each.name == kind}
        titles = {key: _value(each.first("name")) for key, each in real.items()}
        named = all(titles.values()) and len(set(titles.values())) == len(titles)
        found: dict[str, Located] = {}
        taken: set[str] = set()
        for key, each in real.items():
            name = _as_name(titles[key] if named else key, kind)
            counted = name
            for number in range(2, len(real) + 2):
                if counted not in taken:
                    break
                counted = f"{name}_{number}"
            taken.add(counted)
            found[key] = Located(counted, each.position)
        return found

    def title(self, key: str, name: str) -> str:
        """What the file calls a node, where that is not its name here."""
        title = _value(self.nodes[key].first("name")) or key
        return "" if title == name else " ".join(title.split())

    def markings(self, names: Mapping[str, Mapping[str, Located]]) -> tuple[_Markings, _Markings]:
        """What each transition takes and gives; several arcs between the same two add up."""
        takes: _Markings = {name: {} for name in names["transition"].values()}
        gives: _Markings = {name: {} for name in names["transition"].values()}
        for arc in self.arcs:
            source, target = self.end_of(arc, "source"), self.end_of(arc, "target")
            weight = self.number(arc.first("inscription"), 1, least=1)
            if source is None or target is None:
                continue
            if source.name == target.name:
                message = f"an arc leads from a {source.name} to a {target.name}"
                self.note("E044", message, arc.position, "arcs lead from places to transitions or back")
                continue
            forward = source.name == "place"
            place, transition = (source, target) if forward else (target, source)
            at = names["place"][place.attributes["id"]]
            marking = (takes if forward else gives)[names["transition"][transition.attributes["id"]]]
            marking[at] = marking.get(at, 0) + weight
        return takes, gives

    def end_of(self, arc: Element, which: str) -> Element | None:
        key = arc.attributes.get(which)
        if not key:
            self.note("E044", f"an arc has no {which}", arc.position)
            return None
        return self.resolved(key)

    def resolved(self, key: Located) -> Element | None:
        """The place or transition that an id means, through all references."""
        passed: set[str] = set()
        while (element := self.nodes.get(key)) is not None and element.name.startswith("reference"):
            if key in passed:
                self.note("E044", f"the reference '{key[:80]}' refers to itself", element.position)
                return None
            passed.add(key)
            following = element.attributes.get("ref")
            if not following:
                self.note("E044", f"the <{element.name}> '{key[:80]}' has no ref", element.position)
                return None
            kind = self.nodes[following].name if following in self.nodes else ""
            if kind and _NODES[kind] != _NODES[element.name]:
                self.note("E044", f"a <{element.name}> refers to a <{kind}>", element.position)
                return None
            key = following
        if element is None:
            hint = did_you_mean(key, self.nodes, otherwise="this net has no places and no transitions")
            self.note("E030", f"unknown place or transition '{key[:80]}'", key.position, hint)
        return element

    def number(self, holder: Element | None, otherwise: int, least: int = 0) -> int:
        """A number of tokens; PIPE writes `Default,1`."""
        text = _value(holder) if holder is not None else Located("", self.root.position)
        digits = re.sub(r"\A\s*Default\s*,\s*", "", text)
        if holder is None or not digits:
            return otherwise
        if not re.fullmatch(r"[0-9]{1,9}", digits) or int(digits) < least:
            what = f"a whole number from {least} on"
            self.note("E025", f"expected {what} in <{holder.name}>, found '{digits[:40]}'", text.position)
            return otherwise
        return int(digits)

    def final_markings(self, names: Mapping[str, Located]) -> Iterator[dict[str, int]]:
        for marking in self.final.all("marking") if self.final is not None else ():
            found: dict[str, int] = {}
            for each in marking.all("place"):
                key = each.attributes.get("idref") or each.attributes.get("id") or Located("", each.position)
                place, tokens = self.resolved(key), self.number(each, 1)
                if place is not None and place.name != "place":
                    self.note("E044", f"'{key[:80]}' in a final marking is not a place", each.position)
                elif place is not None and tokens:
                    found[names[place.attributes["id"]]] = tokens
            if found:
                yield found


_Markings = dict[str, dict[str, int]]


def _value(element: Element | None) -> Located:
    """The text of a label: in `<text>`, in `<value>`, or directly in it."""
    if element is None:
        return Located("", Position("", 1, 1))
    inner = element.first("text") or element.first("value")
    return inner.text if inner is not None else element.text


def _as_name(text: str, kind: str) -> str:
    """A text as a name in formulas."""
    name = re.sub(r"\W+", "_", text).strip("_") or kind
    name = f"{kind}_{name}" if name[0].isdigit() else name
    return f"{name}_" if name in RESERVED else name
