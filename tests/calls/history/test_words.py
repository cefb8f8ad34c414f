"""Words as the search knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.history import words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don’t, José!", ["dont", "jose"]),
        ("a_b-c d.e@f.com", ["a", "b", "c", "d", "e", "f", "com"]),
        ("It's 14:30 — o'clock", ["its", "14", "30", "oclock"]),
        ("STRASSE straße ﬁne", ["strasse", "strasse", "fine"]),
        ("\0x\0", ["x"]),
        ("", []),
    ],
)
def test_words_are_without_case_accents_and_signs(text: str, found: list[str]) -> None:
    assert words.words(text) == found


@given(st.text(max_size=200))
def test_words_are_letters_and_digits_only(text: str) -> None:
    for word in words.words(text):
        assert word
        assert all(sign not in word for sign in "'\"\\ :&|!()<>*")


def test_what_is_typed_is_words_and_phrases() -> None:
    assert words.terms('refund "thank you" to order-47') == [
        words.Term(("refund",), False),
        words.Term(("thank", "you"), False),
        words.Term(("to",), False),
        words.Term(("order", "47"), False),
    ]
    assert words.terms("ab refun")[-1] == words.Term(("refun",), True)
    assert words.terms('"refun"') == [words.Term(("refun",), False)]
    assert words.terms("!! - ...") == []
    assert len(words.terms("word " * 100)) == words.MOST_TYPED


def test_a_document_is_no_larger_than_a_database_takes() -> None:
    long = " ".join(f"w{n:050d}" for n in range(20_000))
    kept = words.document([long, "never"])
    assert 0 < len(kept) <= words.MOST_WORDS
    assert len(words.as_vector(kept, ["zm1"]).encode()) < 2**20


def test_a_vector_holds_places_and_marks() -> None:
    assert words.as_vector(["a", "b", "a"], ["zm1"]) == "'a':1,3 'b':2 zm1"
    assert words.as_tsquery(words.terms('ab "c d" efgh')) == (
        "('ab') & ('c' <-> 'd') & ('efgh':*)"
    )
    assert (
        words.as_fts5(words.terms('ab "c d" efgh')) == '"ab" AND "c" + "d" AND "efgh" *'
    )


@given(st.text(max_size=200))
def test_every_word_of_a_text_is_in_the_plain_text(text: str) -> None:
    whole = words.plain(text)
    assert all(word in whole for word, _, _ in words.placed(text))
    assert all(word in whole for word in words.words(text))
