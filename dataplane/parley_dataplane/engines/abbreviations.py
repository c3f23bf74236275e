"""What short forms stand for in English: abbreviations, units, currencies, states, and what is spelled.

Rules: tables alone; what a form means by what stands around it is decided in spoken.py. A key is lower case and has no
full stop at its end, a value is what is said.
"""

from __future__ import annotations

ALWAYS = {
    "mr": "mister", "mrs": "missus", "ms": "miz", "e.g": "for example", "i.e": "that is", "vs": "versus",
    "etc": "et cetera", "a.m": "A.M", "p.m": "P.M", "w/": "with",
    "w/o": "without", "c/o": "care of", "n/a": "not applicable", "and/or": "and or",
}  # fmt: skip
"""With or without a full stop."""

DOTTED = {
    "approx": "approximately", "min": "minimum", "max": "maximum", "incl": "including", "excl": "excluding",
    "prof": "professor", "rev": "reverend", "capt": "captain", "lt": "lieutenant", "sgt": "sergeant",
    "gen": "general", "gov": "governor", "sen": "senator", "jr": "junior", "sr": "senior", "est": "established",
    "tel": "telephone", "ext": "extension", "dept": "department", "govt": "government", "inc": "incorporated",
    "ltd": "limited", "corp": "corporation", "bros": "brothers", "vol": "volume",
    "ca": "about", "ave": "avenue", "blvd": "boulevard", "rd": "road", "ln": "lane", "sq": "square",
    "hwy": "highway", "apt": "apartment", "ste": "suite", "bldg": "building", "mt": "mount", "hrs": "hours",
    "appt": "appointment", "misc": "miscellaneous", "avg": "average",
}  # fmt: skip
"""With a full stop alone: without it they are words, or names."""

SYMBOLS = {
    "&": "and", "@": "at", "+": "plus", "=": "equals", "×": "times", "÷": "divided by", "%": "percent",
    "€": "euros", "$": "dollars", "£": "pounds", "§": "section", "°": "degrees", "±": "plus or minus",
}  # fmt: skip
"""By themselves, between blanks."""

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

UNITS = {
    "km": ("kilometer", "kilometers"), "m": ("meter", "meters"), "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"), "kg": ("kilogram", "kilograms"), "g": ("gram", "grams"),
    "mg": ("milligram", "milligrams"), "l": ("liter", "liters"), "L": ("liter", "liters"),
    "ml": ("milliliter", "milliliters"), "mi": ("mile", "miles"), "ft": ("foot", "feet"),
    "yd": ("yard", "yards"), "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"),
    "mph": ("mile per hour", "miles per hour"), "km/h": ("kilometer per hour", "kilometers per hour"),
    "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"), "min": ("minute", "minutes"),
    "mins": ("minute", "minutes"), "s": ("second", "seconds"), "sec": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"), "kB": ("kilobyte", "kilobytes"), "KB": ("kilobyte", "kilobytes"),
    "MB": ("megabyte", "megabytes"), "GB": ("gigabyte", "gigabytes"), "TB": ("terabyte", "terabytes"),
    "W": ("watt", "watts"), "kW": ("kilowatt", "kilowatts"), "kWh": ("kilowatt hour", "kilowatt hours"),
    "V": ("volt", "volts"), "Hz": ("hertz", "hertz"), "kHz": ("kilohertz", "kilohertz"),
    "m²": ("square meter", "square meters"), "m2": ("square meter", "square meters"),
    "km²": ("square kilometer", "square kilometers"), "m³": ("cubic meter", "cubic meters"),
    "sqm": ("square meter", "square meters"), "sq ft": ("square foot", "square feet"),
    "sq. ft": ("square foot", "square feet"), "kcal": ("kilocalorie", "kilocalories"),
    "%": ("percent", "percent"), "°": ("degree", "degrees"),
    "°C": ("degree Celsius", "degrees Celsius"), "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "EUR": ("euro", "euros"), "USD": ("dollar", "dollars"), "GBP": ("pound", "pounds"),
    "CHF": ("franc", "francs"), "€": ("euro", "euros"), "£": ("pound", "pounds"), "$": ("dollar", "dollars"),
}  # fmt: skip
"""After a number, as written: of one, and of any other number."""

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"), "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"), "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
}  # fmt: skip
"""Before a number."""

LARGE = {"k": "thousand", "m": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
"""After an amount of money, lower case."""

PERIODS = {"mo": "month", "yr": "year", "hr": "hour", "h": "hour", "pp": "person", "wk": "week"}
"""After an amount and a slash."""

STREETS = (
    "St", "Street", "Ave", "Avenue", "Rd", "Road", "Blvd", "Boulevard", "Ln", "Lane", "Dr", "Drive", "Way", "Sq",
    "Square", "Pl", "Place", "Ct", "Court", "Pkwy", "Parkway", "Hwy", "Highway", "Terrace", "Close", "Row",
)  # fmt: skip

STATES = dict(
    pair.split("=")
    for pair in (
        "AL=Alabama,AK=Alaska,AZ=Arizona,AR=Arkansas,CA=California,CO=Colorado,CT=Connecticut,DE=Delaware,"
        "DC=D.C,FL=Florida,GA=Georgia,HI=Hawaii,ID=Idaho,IL=Illinois,IN=Indiana,IA=Iowa,KS=Kansas,KY=Kentucky,"
        "LA=Louisiana,ME=Maine,MD=Maryland,MA=Massachusetts,MI=Michigan,MN=Minnesota,MS=Mississippi,MO=Missouri,"
        "MT=Montana,NE=Nebraska,NV=Nevada,NH=New Hampshire,NJ=New Jersey,NM=New Mexico,NY=New York,"
        "NC=North Carolina,ND=North Dakota,OH=Ohio,OK=Oklahoma,OR=Oregon,PA=Pennsylvania,RI=Rhode Island,"
        "SC=South Carolina,SD=South Dakota,TN=Tennessee,TX=Texas,UT=Utah,VT=Vermont,VA=Virginia,WA=Washington,"
        "WV=West Virginia,WI=Wisconsin,WY=Wyoming"
    ).split(",")
)
"""Before a zip code alone: IN and OR are words elsewhere."""

RULERS = (
    "Henry", "Louis", "George", "Charles", "Edward", "Elizabeth", "James", "William", "Richard", "Philip", "John",
    "Paul", "Pius", "Benedict", "Gregory", "Leo", "Clement", "Innocent", "Napoleon", "Catherine", "Frederick",
    "Ferdinand", "Peter", "Nicholas", "Alexander", "Ivan", "Otto", "Rudolf", "Maximilian", "Ludwig", "Francis",
    "Ramses", "Mary", "Christian", "Gustav", "Umberto", "Leopold", "Wilhelm", "Joseph", "Victor",
)  # fmt: skip
"""Whose number is "the eighth"; others need their title before them."""

NUMBERED = (
    "War", "Chapter", "Part", "Act", "Scene", "Volume", "Book", "Phase", "Type", "Class", "Section", "Article",
    "Level", "Stage", "Appendix", "Bowl", "Grade", "Category",
)  # fmt: skip
"""Whose Roman number is "two"."""

SPELLED = frozenset("AED BYOB ECG EKG ER ETA EV FAQ IBAN ICU IOU IQ SOS UAE UPS VAT VIP".split())
"""Capitals that eSpeak NG 1.52 reads as a word, and people letter by letter; it spells NHS, ATM and GmbH by itself."""
