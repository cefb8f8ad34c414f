"""Two versions side by side."""

from agents.compare import LinePair, compare_versions, side_by_side
from agents.models import AgentVersion


def test_lines_that_are_the_same_are_not_marked() -> None:
    assert side_by_side("a\nb", "a\nb") == [
        LinePair("a", "a", ""),
        LinePair("b", "b", ""),
    ]


def test_a_changed_line_is_marked() -> None:
    assert side_by_side("a\nb", "a\nc")[1] == LinePair("b", "c", "changed")


def test_a_line_more_is_new_and_a_line_less_is_gone() -> None:
    assert side_by_side("a", "a\nb")[1] == LinePair(None, "b", "new")
    assert side_by_side("a\nb", "a")[1] == LinePair("b", None, "gone")


def test_fields_empty_in_both_are_left_out() -> None:
    left = AgentVersion(version=0, prompt="Hello", voice="Maya")
    right = AgentVersion(version=1, prompt="Hello", voice="Nico")
    found = compare_versions(left, right)
    assert [(field.name, field.differs) for field in found] == [
        ("Prompt", False),
        ("Voice", True),
    ]
