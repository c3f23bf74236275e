"""What is written, as it is said: numbers, times, addresses, short forms, and where each word was written."""

from __future__ import annotations

import re

import pytest

from parley_dataplane.engines.spoken import spoken

TABLE = {
    "telephones": {
        "Call 555-0123": "Call five five five, zero one two three",
        "020 7946 0958": "zero two zero, seven nine four six, zero nine five eight",
        "+1 (555) 010-9999": "plus one, five five five, zero one zero, nine nine nine nine",
        "(555) 010-9999": "five five five, zero one zero, nine nine nine nine",
        "call 911": "call nine one one",
        "dial 112 now": "dial one one two now",
        "0800 123 4567": "zero eight zero zero, one two three, four five six seven",
        "1-800-555-0199": "one, eight hundred, five five five, zero one nine nine",
        "07700900123": "zero seven seven zero zero, nine zero zero, one two three",
        "+447700900123": "plus four four seven, seven zero zero, nine zero zero, one two three",
        "+49 30 901820": "plus four nine, three zero, nine zero one eight two zero",
        "Tel. 020 7946 0958": "telephone zero two zero, seven nine four six, zero nine five eight",
        "Call us on 555 0123": "Call us on five five five, zero one two three",
    },
    "times": {
        "Open 8:00 to 18:30.": "Open eight o'clock to eighteen thirty.",
        "At 10:05,": "At ten oh five,",
        "e.g. 5 p.m.": "for example five P.M.",
        "12:30 pm": "twelve thirty P.M",
        "9am-5pm": "nine A.M to five P.M",
        "9-5pm": "nine to five P.M",
        "9–11 a.m.": "nine to eleven A.M.",
        "9 - 12:30": "nine to twelve thirty",
        "at 9 a.m. Monday": "at nine A.M Monday",
        "It is 5 a.m.": "It is five A.M.",
        "10:00 pm": "ten P.M",
        "12:00": "twelve o'clock",
        "0:15": "zero fifteen",
        '"12:30"': '"twelve thirty"',
    },
    "dates and days": {
        "on 3/4": "on March fourth",
        "Mon-Fri": "Monday to Friday",
        "Mon.–Sat. 9-12": "Monday to Saturday nine to twelve",
        "Sat & Sun": "Saturday and Sunday",
        "Sat 9-12": "Saturday nine to twelve",
        "I sat in the Sun": "I sat in the Sun",
        "Sun, sand and sea": "Sun, sand and sea",
        "Mon, Wed & Fri": "Monday, Wednesday and Friday",
        "Wed.": "Wednesday",
        "2026-03-04": "March fourth twenty twenty six",
        "3/4/2026": "March fourth twenty twenty six",
        "13/4/2026": "April thirteenth twenty twenty six",
        "04.03.2026": "March fourth twenty twenty six",
        "March 4, 2026": "March fourth twenty twenty six",
        "Mar. 4": "March fourth",
        "4 March": "the fourth of March",
        "the 4th of March": "the fourth of March",
        "4-6 May 2027": "the fourth to the sixth of May twenty twenty seven",
        "May 5": "May fifth",
        "Dec. 2026": "December twenty twenty six",
        "In March 20 people came": "In March twenty people came",
    },
    "years": {
        "Dr. Baker, since 1984": "doctor Baker, since nineteen eighty four",
        "1999": "nineteen ninety nine",
        "in 1905": "in nineteen oh five",
        "since 1886": "since eighteen eighty six",
        "1500 guests": "one thousand five hundred guests",
        "2010 people": "two thousand ten people",
        "2026": "twenty twenty six",
        "1980s": "nineteen eighties",
        "the '90s": "the nineties",
        "80s": "eighties",
        "1990-1995": "nineteen ninety to nineteen ninety five",
        "1990-95": "nineteen ninety to ninety five",
        "2024/25": "twenty twenty four to twenty five",
        "mid-1990s": "mid nineteen nineties",
    },
    "money": {
        "$12.50": "twelve dollars and fifty cents",
        "$0.99": "ninety nine cents",
        "$1": "one dollar",
        "$1,200": "one thousand two hundred dollars",
        "$5M": "five million dollars",
        "$1.5 million": "one point five million dollars",
        "$10-15": "ten to fifteen dollars",
        "$20/month": "twenty dollars per month",
        "US$20": "twenty dollars",
        "€20": "twenty euros",
        "20 €": "twenty euros",
        "£3.50": "three pounds and fifty pence",
        "€9.99/mo": "nine euros and ninety nine cents per month",
    },
    "measures": {
        "45s": "forty five seconds",
        "approx. 10 %": "approximately ten percent",
        "10-15%": "ten to fifteen percent",
        "20°C": "twenty degrees Celsius",
        "-5 °C": "minus five degrees Celsius",
        "68°F": "sixty eight degrees Fahrenheit",
        "5 km": "five kilometers",
        "1 km": "one kilometer",
        "5km/h": "five kilometers per hour",
        "60 mph": "sixty miles per hour",
        "5 min. walk": "five minutes walk",
        "3 x 4 m": "three by four meters",
        "10x15 cm": "ten by fifteen centimeters",
        "2 kg": "two kilograms",
        "0.5 l": "zero point five liters",
        "~5 km": "about five kilometers",
        ">= 18 years": "over eighteen years",
        "< 3": "under three",
        "10%.": "ten percent.",
        "100% sure": "one hundred percent sure",
        "100m": "one hundred meters",
    },
    "parts": {
        "3/4": "three quarters",
        "1/2": "a half",
        "3/4 cup": "three quarters of a cup",
        "1 1/2 cups": "one and a half cups",
        "½ cup": "half a cup",
        "2½ hours": "two and a half hours",
        "24/7": "twenty four seven",
        "4/5 stars": "four out of five stars",
        "120/80": "one twenty over eighty",
        "½": "a half",
        "5/6": "five sixths",
        "10/10": "ten out of ten",
    },
    "addresses": {
        "12 Oak Dr.": "twelve Oak drive",
        "St. James St.": "saint James street",
        "221B Baker St., NW1 6XE": "two twenty one B Baker street, N.W one, six X.E",
        "1600 Pennsylvania Ave.": "sixteen hundred Pennsylvania avenue.",
        "Washington, DC 20500": "Washington, D.C two zero five zero zero",
        "Room 204": "Room two oh four",
        "Room 12": "Room twelve",
        "www.example.com": "W W W dot example dot com",
        "https://example.com/a-b": "example dot com slash a dash b",
        "example.co.uk": "example dot co dot U.K",
        "info@example.com": "info at example dot com",
        "jane.doe_2@mail.example.org": "jane dot doe underscore two at mail dot example dot org",
        "Main St. 5": "Main street five",
        "Flat 5A": "Flat five eigh",
        "Springfield, IL 62704": "Springfield, Illinois six two seven zero four",
    },
    "names, short forms and signs": {
        "nothing special": "nothing special",
        "1,200": "one thousand two hundred",
        "12,345.67": "twelve thousand three hundred forty five point six seven",
        "2nd": "second",
        "XIX century": "nineteenth century",
        "Henry VIII's wives": "Henry the eighth's wives",
        "Louis XIV, the king": "Louis the fourteenth, the king",
        "Charles I think": "Charles I think",
        "Charles I was": "Charles the first was",
        "Queen Mary II": "Queen Mary the second",
        "World War II": "World War two",
        "Chapter IV": "Chapter four",
        "the Book I read": "the Book I read",
        "Dr. Miller": "doctor Miller",
        "NHS": "NHS",
        "GmbH": "GmbH",
        "VAT": "V.A.T",
        "FAQs": "F.A.Q's",
        "U.S.": "U.S.",
        "NASA": "NASA",
        "J. R. R. Tolkien": "J R R Tolkien",
        "No. 7": "number seven",
        "No. We are closed.": "No. We are closed.",
        "#3": "number three",
        "yes/no": "yes no",
        "w/ fries": "with fries",
        "and/or": "and or",
        "@home": "@home",
        "5 + 3 = 8": "five plus three equals eight",
        "007": "zero zero seven",
        "booking code 4711": "booking code four seven one one",
        "PIN 1234": "PIN one two three four",
        "12345678": "one two three four five six seven eight",
        "1000000": "one million",
        "5-star": "five-star",
        "2x": "two times",
        "16:9": "sixteen to nine",
        "3.11.2": "three point eleven point two",
        "covid-19": "covid nineteen",
        "Mr. and Mrs. Smith": "mister and missus Smith",
        "Prof. Lee, Jr.": "professor Lee, junior.",
        "etc.": "et cetera.",
        "5A": "five eigh",
        "(2nd floor)": "(second floor)",
        "1st": "first",
        "101st": "one hundred first",
        "3-1": "three to one",
        "iPhone 15": "iPhone fifteen",
        "A4": "A4",
        "3D": "three D",
        "−3": "minus three",
        "-3": "minus three",
        "5G": "five G",
        "version 2.1": "version two point one",
    },
    "markup and pictures": {
        "21st century": "twenty first century",
        "10-12 people": "ten to twelve people",
        "10 – 12 people": "ten to twelve people",
        "200-1500 guests": "two hundred to one thousand five hundred guests",
        "# Heading": "Heading",
        "- item one": "item one",
        "* item": "item",
        "1. Eggs": "one, Eggs",
        "2) Milk": "two, Milk",
        "**Note:** it _is_ `so`": "Note: it is so",
        "[our page](https://x.com/y) here": "our page here",
        "🎉 Hello 🙂!": "Hello !",
        "Hello 👩‍🚒.": "Hello .",
        "a — b": "a — b",
        "a - b": "a , b",
        "a & b": "a and b",
        "24-hour desk": "twenty four-hour desk",
    },
}


@pytest.mark.parametrize("kind", TABLE)
def test_what_is_written_is_said_as_people_say_it(kind: str) -> None:
    assert {written: spoken(written).text for written in TABLE[kind]} == TABLE[kind]


@pytest.mark.parametrize("kind", TABLE)
def test_what_is_said_stands_for_the_words_that_were_written_there(kind: str) -> None:
    """The caption goes by it: what is said of a form ends where one of its own words ends, at last where its last one
    does, and its neighbours keep their own places.
    """
    for written in TABLE[kind]:
        text = f"Well {written} indeed"
        said = spoken(text)
        word_ends = [match.end() for match in re.finditer(r"\S+", text)]
        ends = [said.end_of(place) for place in range(len(said.text))]
        assert ends == sorted(ends)
        assert set(ends) <= set(word_ends)
        assert (ends[0], ends[-1]) == (len("Well"), len(text))
        own = {end for end in ends if len("Well") < end < len(text)}
        assert own, written
        assert said.end_of(said.text.rindex("indeed")) == len(text)
        last = [end for end, word in zip(word_ends, text.split(), strict=True) if re.search(r"\w|—", word)][
            -2
        ]
        assert max(own) >= last, written


def test_every_place_of_the_spoken_text_knows_its_written_word() -> None:
    written = "  Call 555-0123 at 10:05 "
    text = spoken(written)
    ends = [text.end_of(text.text.index(word)) for word in ("Call", "zero", "at", "oh", "five, zero")]
    assert [written[:end].split()[-1] for end in ends] == ["Call", "555-0123", "at", "10:05", "555-0123"]


def test_a_number_in_several_words_is_heard_once_all_of_it_is() -> None:
    written = "Ring 020 7946 0958 now"
    text = spoken(written)
    assert {text.end_of(place) for place in range(len("Ring "), text.text.index("now") - 1)} == {
        len("Ring 020 7946 0958")
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en-US", "On March fourth twenty twenty six"),
        ("en-us-nyc", "On March fourth twenty twenty six"),
        ("en-GB", "On the third of April twenty twenty six"),
        ("en", "On the third of April twenty twenty six"),
        ("de", "On 3/4/2026".replace("/", " ")),
    ],
)
def test_the_order_of_a_date_is_the_languages(language: str, said: str) -> None:
    assert spoken("On 3/4/2026", language).text == said


def test_another_language_keeps_its_numbers_and_loses_markup_and_pictures() -> None:
    written = "**Montag** um 8:30 🙂 [hier](https://example.com)"
    assert spoken(written, "de").text == "Montag um 8:30 hier"


def test_a_list_of_several_lines_is_said_without_its_markers() -> None:
    assert spoken("# Today\n- soup\n- 2 kg of fish\n> and 1. bread").text == (
        "Today soup two kilograms of fish and one. bread"
    )


@pytest.mark.parametrize("text", ["", " \n", "\x00\x07", "...", "🙂", "\ud800", "**", "[", "[](", "-", "1-"])
def test_odd_text_is_no_failure(text: str) -> None:
    assert re.search(r"[a-z]", spoken(text).text) is None or text == "1-"
