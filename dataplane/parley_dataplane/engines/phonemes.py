"""eSpeak's IPA for US English to the 39 phones of the CMU dictionary, for words that the dictionary lacks.

Rules: pure; a word with a sound that has no phone is given up, not guessed.
"""

from __future__ import annotations

_PHONES = {
    # What eSpeak writes with two signs comes first where it is longer: the longest match wins.
    "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH",
    "aɪə": "AY AH", "iə": "IY AH", "əl": "AH L", "n̩": "AH N", "l̩": "AH L",
    "oːɹ": "AO R", "ɔːɹ": "AO R", "oː": "OW",
    "ɑ": "AA", "a": "AA", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH", "ɔ": "AO", "ɒ": "AA", "ɛ": "EH",
    "e": "EH",
    "ɜ": "ER", "ɚ": "ER", "ɪ": "IH", "ᵻ": "IH", "i": "IY", "ʊ": "UH", "u": "UW", "o": "OW",
    "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "k": "K", "l": "L",
    "ɫ": "L", "m": "M",
    "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T",
    "θ": "TH",
    "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH", "x": "K", "ɲ": "N Y",
}  # fmt: skip

_SIGNS = str.maketrans("", "", "ˈˌ ‍_-")
_LONGEST = max(map(len, _PHONES))


def phones(ipa: str) -> str | None:
    """ "wˈɜːθaɪm" -> "W ER TH AY M"; None when a sound has no phone."""
    signs = ipa.translate(_SIGNS)
    found: list[str] = []
    place = 0
    while place < len(signs):
        if signs[place] == "ː":
            place += 1
            continue
        for length in range(_LONGEST, 0, -1):
            if phone := _PHONES.get(signs[place : place + length]):
                found.append(phone)
                place += length
                break
        else:
            return None
    return " ".join(found) or None
