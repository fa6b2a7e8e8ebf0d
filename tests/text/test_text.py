"""Texts that people write: what is kept, what is left out, what is refused."""

import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from evently.text import clean_text, tidy_text

# Whatever is changed for safety, these are somebody's name.
KEPT = [
    pytest.param("Zoë O’Rock – “Live”, 10 % off: C++ & C#", id="typography"),
    pytest.param("👩‍👩‍👧‍👦 👩🏽‍🎤 🏳️‍🌈 ❤️‍🔥 🙂‍↔️ 1️⃣ ☺️", id="emoji"),
    pytest.param("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", id="flag"),
    pytest.param("مَهْرَجَان الموسيقى", id="Arabic with its marks"),
    pytest.param("שָׁלוֹם עוֹלָם", id="Hebrew with its marks"),
    pytest.param("כנס C++\u200e בחיפה", id="Hebrew with a mark of direction"),
    pytest.param("می\u200cخواهم", id="Persian with a non-joiner"),
    pytest.param("क्\u200dष ශ්\u200dරී", id="Indic joiners"),
    pytest.param("葛\U000e0100城", id="variant of an ideograph"),
    pytest.param("தமிழ் ไทย 日本語 한국어 Ελλάδα Київ", id="scripts"),
]


@pytest.mark.parametrize("text", KEPT)
def test_what_a_script_needs_is_kept(text: str) -> None:
    text = unicodedata.normalize("NFC", text)
    assert clean_text(text) == text
    assert clean_text(text, lines=True) == text


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        pytest.param("Even\u200btly", "Evently", id="no width"),
        pytest.param("Even\u200dtly", "Evently", id="joiner between Latin letters"),
        pytest.param("Evently\u200f", "Evently", id="mark of direction without need"),
        pytest.param("Even\xadtly", "Evently", id="soft hyphen"),
        pytest.param("\ufeffEvently\u2060", "Evently", id="byte order mark, word joiner"),
        pytest.param("\u2068Evently\u2069 \u202aX\u202c", "Evently X", id="embeddings, isolates"),
        pytest.param("E\ufe0fvently", "Evently", id="selector after a letter"),
        pytest.param("❤\ufe0f\ufe0f", "❤\ufe0f", id="two selectors"),
        pytest.param("Ev\U000e0065\U000e0076ently", "Evently", id="tags outside of a flag"),
        pytest.param("\x1b[1mEv\x07ently\x9b", "[1mEvently", id="control characters"),
        pytest.param("Evently\ufffe\ufff9", "Evently", id="noncharacters"),
        pytest.param("Jazz\r\nBcc: a@b.c", "Jazz Bcc: a@b.c", id="line end"),
        pytest.param("Jazz\x85Bar\u2028Foo\u2029\x0bX", "Jazz Bar Foo X", id="rare line ends"),
        pytest.param("Late\tJazz", "Late Jazz", id="tab"),
        pytest.param("  Jazz \n", "Jazz", id="blanks around"),
        pytest.param("Cafe\u0301", "Café", id="decomposed"),
        pytest.param("e\u200b\u0301", "é", id="decomposed around a sign without width"),
        pytest.param("\u3164\u2800 \u200b", "", id="nothing to see"),
    ],
)
def test_what_nobody_sees_is_left_out_of_a_line(written: str, stored: str) -> None:
    assert clean_text(written) == stored
    assert tidy_text(written) == stored


def test_several_lines_end_in_a_line_feed_each() -> None:
    written = "One\r\nTwo\rThree\u2029\n\tFour\x00"[:-1]
    assert clean_text(written, lines=True) == "One\nTwo\nThree\n\n\tFour"


@pytest.mark.parametrize("sign", ["\u202d", "\u202e"])
def test_a_turned_order_of_letters_is_refused_with_what_to_do(sign: str) -> None:
    with pytest.raises(ValidationError) as refused:
        clean_text(f"photo{sign}gnp.exe")
    assert f"U+{ord(sign):04X}" in refused.value.messages[0]
    assert "Type the text anew" in refused.value.messages[0]
    assert tidy_text(f"photo{sign}gnp.exe") == "photognp.exe"


@pytest.mark.parametrize("sign", ["\0", "\ud800"], ids=ascii)
def test_what_is_no_text_is_refused(sign: str) -> None:
    with pytest.raises(ValidationError, match="no text"):
        clean_text(f"a{sign}b")
    assert tidy_text(f"a{sign}b") == "ab"


SIGNS = st.sampled_from(
    "ae\u0301\u094d\u0915\u0639\u05d0👩❤\ufe0f\ufe0e\U0001f3fd\u200c\u200d\u200e\u200f\u200b \n\r\t"
)


@given(st.text(st.characters() | SIGNS, max_size=60), st.booleans())
def test_cleaning_once_is_enough(text: str, lines: bool) -> None:
    once = tidy_text(text, lines=lines)
    assert tidy_text(once, lines=lines) == clean_text(once, lines=lines) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode()
    controls = {sign for sign in once if unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"}}
    assert controls <= ({"\n", "\t"} if lines else set())
