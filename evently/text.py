"""What people write, before it is stored: one spelling, and nothing in it that nobody sees.

Names and subjects end up in mails, calendar files, exports and other people's pages. A character
that is invisible there hides one name behind another, breaks a line of a header, or turns the order
of letters around. `clean_text` is the rule for all of them; `evently.fields` and
`evently.api.fields` hold the fields that apply it.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_OVERRIDES = "\u202d\u202e"
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
# Line endings: of systems, of old printers, and Unicode's own (UAX 14, classes BK and NL).
_LINE_END = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")
# Controls (C0 without tab and line feed, C1); soft hyphen, fillers of Hangul, signs without width,
# embeddings and isolates of direction, deprecated and annotation signs, noncharacters.
_UNSEEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u202a-\u202e"
    "\u2060-\u206f\u3164\ufdd0-\ufdef\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\U000e0001"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\ud800-\udfff]"
)
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f]")
_JOINERS = re.compile("[\u200c\u200d]")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FLAG_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|[\U000e0020-\U000e007f]")
_BLANK = re.compile("[\\s\u2800]*")
_VIRAMA = 9


def clean_text(text: str, *, lines: bool = False) -> str:
    """The text as it is stored: composed (Unicode's NFC), without what nobody sees.

    Kept is what a script needs: joiners inside of words and emoji, one variation selector after a
    sign, and marks of direction in a text that has letters written from right to left. A text in
    which nothing can be seen is empty. Count its length afterwards.

    Args:
        lines: the text may have several lines, which then end in a line feed each; else a line end
            or a tab becomes a blank, and blanks at both ends go.

    Raises:
        ValidationError: it holds a character that turns the order of letters around (U+202D,
            U+202E; Unicode's UTR 36, "Bidirectional Text Spoofing"), or one that is no text (NUL,
            half of a surrogate pair).
    """
    for character in _OVERRIDES:
        if character in text:
            raise ValidationError(
                _(
                    "This holds the invisible character %(code)s, which turns the order of letters"
                    " around. Type the text anew instead of pasting it."
                ),
                code="deceptive-character",
                params={"code": _code(character)},
            )
    if found := _NO_TEXT.search(text):
        raise ValidationError(
            _("This holds the character %(code)s, which is no text. Type the text anew."),
            code="no-text",
            params={"code": _code(found[0])},
        )
    return tidy_text(text, lines=lines)


def tidy_text(text: str, *, lines: bool = False) -> str:
    """As `clean_text`, for what cannot be sent back to its writer: nothing is refused.

    What `clean_text` refuses is left out. For headers of mails and the like as well.
    """
    if text.isascii() and text.isprintable():
        return text if lines else text.strip()
    text = _LINE_END.sub("\n", unicodedata.normalize("NFC", text))
    text = _FLAG_TAGS.sub(lambda found: found[1] or "", _UNSEEN.sub("", text))
    if not _is_right_to_left(text):
        text = _DIRECTION_MARKS.sub("", text)
    text = _SELECTORS.sub(lambda found: found[0] if _selects(found) else "", text)
    text = _JOINERS.sub(lambda found: found[0] if _joins(found) else "", text)
    if _BLANK.fullmatch(text):
        return ""
    # What was between a letter and its mark is gone: they may compose now.
    text = unicodedata.normalize("NFC", text)
    return text if lines else re.sub("[\t\n]+", " ", text).strip()


def _is_right_to_left(text: str) -> bool:
    letters = (sign for sign in text if unicodedata.category(sign)[0] == "L")
    return any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in letters)


def _joins(found: re.Match[str]) -> bool:
    """Whether the joiner stands where a script or an emoji has one (as RFC 5892, appendix A)."""
    before, after = found.string[: found.start()][-1:], found.string[found.end() :][:1]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if unicodedata.category(after)[0] == "L":
        return {unicodedata.bidirectional(before), unicodedata.bidirectional(after)} <= {
            "AL",
            "NSM",
        }
    return _is_emoji_part(before) and unicodedata.category(after) in {"So", "Sm"}


def _is_emoji_part(character: str) -> bool:
    """A picture, its colour of skin, or its variation selector."""
    return character == "\ufe0f" or unicodedata.category(character) in {"So", "Sm", "Sk"}


def _selects(found: re.Match[str]) -> bool:
    """Whether the variation selector follows a sign that can have variants; letters of the Latin,
    Greek and Cyrillic alphabets have none."""
    before = found.string[: found.start()][-1:]
    return bool(before) and unicodedata.category(before) in {"So", "Sm", "Po", "Nd", "Lo", "Sk"}


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"
