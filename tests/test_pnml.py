"""PNML: what tools write is read, what would mean another net is refused by name, what is hostile at once."""

from __future__ import annotations

from pathlib import Path

import pytest

import modelcheck as mc
from modelcheck.cli import main
from modelcheck.compile import compile_model
from modelcheck.engine.search import count_states
from modelcheck.errors import ModelError
from modelcheck.formats import load_file
from modelcheck.formats.xml import parse_xml, without_comments
from modelcheck.model import Net

WHOLE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- written by: tool --verbose --out x -->
<pnml xmlns="http://www.pnml.org/version-2009/grammar/pnml">
  <net id="n1" type="http://www.pnml.org/version-2009/grammar/ptnet">
    <name><text>order &amp; ship</text></name>
    <toolspecific tool="x" version="1"><place id="no place"/></toolspecific>
    <page id="g1">
      <place id="p1"><name><text>start</text></name><graphics><position x="1" y="2"/></graphics>
        <initialMarking><text> 2 </text></initialMarking></place>
      <place id="p2"><name><text>the end</text></name></place>
      <transition id="t1"><name><text>ship-order</text></name></transition>
      <arc id="a1" source="p1" target="t1"><inscription><text>2</text></inscription></arc>
      <page id="g2">
        <referenceTransition id="rt" ref="t1"/>
        <referencePlace id="rp" ref="rq"/>
        <referencePlace id="rq" ref="p2"/>
        <arc id="a2" source="rt" target="rp"/>
      </page>
    </page>
    <finalmarkings><marking><place idref="p2"><text>1</text></place></marking></finalmarkings>
  </net>
</pnml>
"""


def net(inside: str, kind: str = "ptnet", around: str = "") -> str:
    return f'<pnml>{around}<net id="n" type="{kind}">{inside}</net></pnml>'


SMALL = '<place id="p"/><transition id="t"/><arc id="a" source="p" target="t"/>'


def loaded(text: str | bytes, folder: Path) -> Net:
    path = folder / "net.pnml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = load_file(path)
    assert isinstance(found, Net)
    return found


def problems(text: str | bytes, folder: Path) -> list[tuple[str, str]]:
    """The code of each problem, in order, and what stands at its place."""
    with pytest.raises(ModelError) as raised:
        loaded(text, folder)
    return [
        (problem.code, problem.position.text[problem.position.column - 1 :] if problem.position else "")
        for problem in raised.value.problems
    ]


def test_a_net_with_pages_references_weights_and_names(tmp_path: Path) -> None:
    found = loaded(WHOLE, tmp_path)
    assert found.name == "order & ship"
    assert {name: (place.tokens, place.title) for name, place in found.places.items()} == {
        "start": (2, ""),
        "the_end": (0, "the end"),
    }
    (name,) = found.transitions
    assert (name, found.transitions[name].title) == ("ship_order", "ship-order")
    assert dict(found.transitions[name].takes) == {"start": 2}
    assert dict(found.transitions[name].gives) == {"the_end": 1}
    assert [dict(marking) for marking in found.final] == [{"the_end": 1}]
    assert mc.check(found).exit_code == 0


def test_names_that_several_have_give_way_to_ids_and_stay_as_titles(tmp_path: Path) -> None:
    name = "<name><text>do</text></name>"
    inside = f'<transition id="a.1">{name}</transition><transition id="a-1">{name}</transition><place id="if"/>'
    found = loaded(net(inside + '<place id="7"/>'), tmp_path)
    assert {name: each.title for name, each in found.transitions.items()} == {"a_1": "do", "a_1_2": "do"}
    assert {name: each.title for name, each in found.places.items()} == {"if_": "if", "place_7": "7"}


def test_several_arcs_between_the_same_two_add_up(tmp_path: Path) -> None:
    twice = SMALL + '<arc id="b" source="p" target="t"/>'
    assert dict(loaded(net(twice), tmp_path).transitions["t"].takes) == {"p": 2}


def test_forms_of_other_tools(tmp_path: Path) -> None:
    inside = (
        '<place id="p"><initialMarking><value>Default,3</value></initialMarking><capacity><value>0</value></capacity>'
        '</place><transition id="t"><timed><value>false</value></timed><orientation><value>0</value></orientation>'
        '</transition><arc id="a" source="p" target="t"><inscription><value>Default,2</value></inscription>'
        '<type value="normal"/></arc>'
    )
    found = loaded(net(inside, "P/T net"), tmp_path)
    assert (found.places["p"].tokens, dict(found.transitions["t"].takes)) == (3, {"p": 2})
    module = (
        f"<pnml><module><net id='n' type='PTNet'>{SMALL}</net><finalmarkings><marking/></finalmarkings></module></pnml>"
    )
    assert loaded(module, tmp_path).final == ()


@pytest.mark.parametrize(
    "text",
    [
        net(SMALL) + "<!-- a -- b --- c -->",
        f"<!-- -- -->\n{net(SMALL)}",
        net("<name><text><![CDATA[<!-- kept -->]]></text></name>" + SMALL),
    ],
)
def test_comments_that_are_not_quite_legal(text: str, tmp_path: Path) -> None:
    found = loaded(text, tmp_path)
    assert list(found.places) == ["p"]
    assert found.name == ("<!-- kept -->" if "CDATA" in text else "n")


@pytest.mark.parametrize(
    ("text", "code", "there"),
    [
        (net(SMALL).replace("</net>", ""), "E040", "pnml>"),
        (net(SMALL) + "<!-- never closed", "E040", "<!-- never"),
        ("\n <a>", "E040", ""),
        ("", "E040", ""),
        ("<!DOCTYPE pnml [<!ENTITY a 'b'>]>" + net(SMALL), "E041", "<!DOCTYPE"),
        ("<!DOCTYPE pnml SYSTEM 'file:///etc/passwd'>" + net(SMALL), "E041", "<!DOCTYPE"),
        ("<html/>", "E042", "<html/>"),
        ("<pnml/>", "E042", "<pnml/>"),
        ("<pnml><net id='a'/>\n<net id='b'/></pnml>", "E042", "<net id='b'"),
        (net(SMALL, "http://www.pnml.org/version-2009/grammar/symmetricnet"), "E043", "<net "),
        (net("<inhibitorArc id='x' source='p' target='t'/>" + SMALL), "E043", "<inhibitorArc"),
        (net("<declaration><structure/></declaration>" + SMALL), "E043", "<declaration"),
        (net(SMALL.replace("/><tr", "><capacity><text>3</text></capacity></place><tr")), "E043", "<capacity"),
        (net(SMALL.replace("/><tr", "><hlinitialMarking/></place><tr")), "E043", "<hlinitialMarking"),
        (net("<place/>" + SMALL), "E044", "<place/>"),
        (net(SMALL + '<place id="p"/>'), "E044", '<place id="p"/></net>'),
        (net(SMALL + '<arc id="b" source="p" target="p"/>'), "E044", '<arc id="b"'),
        (net(SMALL + '<arc id="b" source="t" target="q"/>'), "E030", '<arc id="b"'),
        (net(SMALL + '<arc id="b" target="p"/>'), "E044", '<arc id="b"'),
        (net(SMALL + '<referencePlace id="r" ref="r"/><arc source="t" target="r"/>'), "E044", "<referencePlace"),
        (net(SMALL + '<referencePlace id="r" ref="t"/><arc source="t" target="r"/>'), "E044", "<referencePlace"),
        (net(SMALL + '<referencePlace id="r"/><arc source="t" target="r"/>'), "E044", "<referencePlace"),
        (net(SMALL.replace("/><tr", "><initialMarking><text>x</text></initialMarking></place><tr")), "E025", "<text>x"),
        (net(SMALL + '<arc source="t" target="p"><inscription><text>0</text></inscription></arc>'), "E025", "<text>0"),
        (net(SMALL + "<finalmarkings><marking><place idref='t'/></marking></finalmarkings>"), "E044", "<place idref"),
        (net("<a>" * 60 + "</a>" * 60), "E008", "<a>"),
        ('<?xml version="1.0" encoding="EBCDIC-CP-US"?>' + net(SMALL), "E003", ""),
        (b"\n\xff" + net(SMALL).encode(), "E003", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_code_and_a_place(text: str | bytes, code: str, there: str, tmp_path: Path) -> None:
    ((found, place),) = problems(text, tmp_path)
    assert found == code
    assert place.startswith(there)


def test_all_problems_are_reported_at_once_with_hints(tmp_path: Path) -> None:
    text = net(SMALL + '\n<arc id="b" source="t" target="pp"/>\n<arc id="c" source="t" target="t"/>')
    with pytest.raises(ModelError) as raised:
        loaded(text, tmp_path)
    assert [problem.code for problem in raised.value.problems] == ["E030", "E044"]
    assert raised.value.problems[0].hint == "did you mean 'p'?"
    assert "net.pnml:2:1: E030: unknown place or transition 'pp'\n    <arc id" in str(raised.value)


def test_other_encodings(tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?>' + net("<name><text>Gr\xfc\xdfe</text></name>" + SMALL)
    assert loaded(text.encode("latin-1"), tmp_path).name == "Gr\xfc\xdfe"
    assert loaded(text.replace("ISO-8859-1", "UTF-16").encode("utf-16"), tmp_path).name == "Gr\xfc\xdfe"


def test_comments_are_blanked_out_in_their_place() -> None:
    assert without_comments("<a><!-- x\n-- --></a>") == "<a>      \n      </a>"
    assert parse_xml("<a><!-- -- --><b/></a>", "x").children[0].position.column == 15


def test_large_files_are_refused(tmp_path: Path) -> None:
    assert problems(b" " * 10_000_001, tmp_path) == [("E002", "")]
    assert problems("<pnml>" + "<a/>" * 500_001 + "</pnml>", tmp_path)[0][0] == "E009"


def test_a_pnml_file_is_a_model_file_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.pnml"
    path.write_text(WHOLE)
    assert main(["check", str(tmp_path)]) == 0
    assert main(["graph", str(path)]) == 0
    assert main(["graph", str(path), "--states", "-o", str(tmp_path / "states.svg")]) == 0
    assert main(["convert", str(path), "-o", str(tmp_path / "net.yaml")]) == 0
    (tmp_path / "moves.txt").write_text("1\nback\nwhy\n")
    assert main(["explore", str(path), "--script", str(tmp_path / "moves.txt")]) == 0
    capsys.readouterr()
    for words, code in ((["simulate"], "E404"), (["compare", str(path)], "E420"), (["outcomes"], "E307")):
        assert main([*words, str(path)]) == 2
        assert code in capsys.readouterr().err
    again = load_file(tmp_path / "net.yaml")
    assert mc.to_text(again) == mc.to_text(load_file(path))
    assert count_states(compile_model(again)).states == 2
