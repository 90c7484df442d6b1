"""One form of a text for comparing, whatever its case and Unicode form; the forms for searching.

`é` is one character (NFC) or two (NFD), by the keyboard, the file system or the program that wrote
it. What is shown stays as it was written.

>>> caseless("ZU\\u0308RICH") == caseless("z\\u00fcrich")
True
"""

from unicodedata import normalize


def caseless(text: str) -> str:
    """Return the form that all spellings of a text have in common (Unicode D145, then NFC)."""
    return normalize("NFC", normalize("NFD", text).casefold())


def nfc(text: str) -> str:
    """Return the canonical form of a text whose case counts."""
    return normalize("NFC", text)


def spellings(word: str) -> tuple[str, ...]:
    """Return the casefolded forms in which a casefolded text can contain the word: mostly one."""
    forms = (word, normalize("NFC", word), normalize("NFD", word))
    return tuple(dict.fromkeys(form.casefold() for form in forms))
