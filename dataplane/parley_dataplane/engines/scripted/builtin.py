"""What every scripted agent understands without a line in its file, and what it says when it has not
understood.

An intent of the file that says the same is preferred (BIAS), so that an author can replace any of these.
"""

from __future__ import annotations

import re

from parley_dataplane.engines.scripted.slots.found import EITHER, NO_SUCH_DAY, PAST, UNCLEAR

BIAS = 0.97

PHRASES: dict[str, tuple[str, ...]] = {
    "hello": ("hello", "hi", "hi there", "hey", "hello there"),
    "help": (
        "help",
        "what can you do",
        "what can you do for me",
        "what can I ask you",
        "what do you know",
        "how can you help me",
        "can you help me",
        "what are my options",
        "what can I say",
    ),
    "repeat": (
        "say that again",
        "say it again",
        "repeat that please",
        "can you repeat that",
        "come again",
        "once more",
        "what did you say",
        "pardon",
        "pardon me",
        "sorry I did not hear that",
        "I did not catch that",
        "I did not understand",
    ),
    "goodbye": ("goodbye", "good bye", "bye", "bye bye", "see you", "see you later", "have a nice day"),
    "thanks": (
        "thanks",
        "thank you",
        "thank you very much",
        "thanks a lot",
        "many thanks",
        "cheers",
        "great thanks",
    ),
    "more": (
        "tell me more",
        "tell me more about it",
        "can you tell me more",
        "more please",
        "go on",
        "please go on",
        "continue",
        "what else do you know about it",
        "is there more",
    ),
    "human": (
        "I want to talk to a human",
        "can I talk to a human",
        "can I speak to a person",
        "I want to speak to a real person",
        "let me talk to somebody",
        "connect me to a person",
        "put me through to somebody",
        "transfer me to an operator",
        "is there a person I can talk to",
    ),
    "here": (
        "I am here",
        "I am still here",
        "yes I am here",
        "yes I am still here",
        "still here",
        "I do not know yet",
        "I do not know",
    ),
    "yes": (
        "yes",
        "yes please",
        "yeah",
        "sure",
        "that is right",
        "yes that is right",
        "correct",
        "exactly",
        "right",
        "okay",
        "of course",
    ),
    "no": ("no", "no thanks", "no thank you", "nope", "not really", "that is all", "nothing else"),
    "cancel": (
        "never mind",
        "forget it",
        "forget about it",
        "forget that",
        "cancel",
        "cancel that",
        "cancel it",
        "stop",
        "stop it",
        "leave it",
        "not now",
        "drop it",
        "I changed my mind",
        "I do not want that",
        "I do not want to",
    ),
}

_SMALL = "please|okay|ok|oh|hey|no|now|just|right|alright|there|thanks|thank you|thats it"
_QUIET = (
    "stop|stop it|stop that|stop now|stop talking|stop speaking|stop stop|be quiet|be silent|quiet|silence|hush|"
    "shush|shut up|shut it|hang on|hold on|hold it|wait|wait up|pause|enough|that is enough|that will do|"
    "that is plenty|"
    "(?:(?:wait|hold on|hang on|give me|one|just)(?: for)? )?(?:a|an|one) (?:moment|second|sec|minute)"
)
QUIET = re.compile(rf"(?:(?:{_SMALL}) )*(?:{_QUIET})(?: (?:{_SMALL}|{_QUIET}))*")
"""Nothing but this, and the agent is to be quiet. "Which bus stops" is more than this."""

CLOCK = re.compile(
    r"(?:(?:please|hey|sorry|excuse me|do you know|can you tell me|could you tell me|tell me) )*"
    r"(?:what time is it|what time it is|what is the time|what the time is|do you have the time)"
    r"(?: (?:now|right now|please|exactly|at the moment|over there|there))*"
)
"""No engine of Parley says what time it is: without this, "what time is my appointment" would be the nearest."""

CHOICES = re.compile(
    r"(?:(?:please|sorry|well|and|so|okay) )*"
    r"(?:what|which(?: ones?)?) (?:have you got|do you have|have you|is there|are there|can i have|can i choose|"
    r"can i choose from|are the choices|are my choices|are the options|are my options)"
    r"(?: (?:there|please|then|got))*"
)
"""Said where one of the choices was asked for, it asks which there are."""

MOST_CHOICES = 6
"""Nobody keeps more in mind that are only heard."""

MOST_QUIET_WORDS = 6
REPLACED = 0.97
"""From here on an intent of the file is preferred to QUIET and CLOCK."""

ASK_AGAIN = (
    "Sorry, could you say that once more?",
    "I'm sorry, I didn't quite catch that. Could you put it another way?",
)
DEAF = (
    "Sorry, I didn't hear that. Could you say it once more?",
    "I'm sorry, I still can't make it out. Could you speak a little closer to the microphone?",
)
CONFIRM = "You want {wish}, is that right?"
CONFIRM_OTHER = "Then you want {wish}, is that right?"
DENIED = "I'm sorry. Could you put it another way?"
SLOT_MISSED = "Sorry, I didn't get that."
UNTAKEN = {
    UNCLEAR: "Sorry, I need one whole number.",
    EITHER: "Sorry, I can only take one of them.",
    NO_SUCH_DAY: "There is no such day.",
    PAST: "That day is over.",
}
NOT_POSSIBLE = "Sorry, that number is not possible."
CHOICES_ARE = "There is {choices}."
SLOT_GIVEN_UP = (
    "I'm sorry, I just can't make that out. Let's leave it for now; we can start again whenever you like."
)
QUIETED = "All right."
CANCELLED = "All right, never mind. Is there anything else?"
NOTHING_TO_CANCEL = "All right. Is there anything else?"
HELLO = "Hello! How can I help you?"
GOODBYE = "Goodbye, and take care!"
THANKS = "You're welcome. Is there anything else?"
YES = "Good. What can I do for you?"
NO = "All right. I'm here if you need anything."
HERE = "Take your time."
ALL_TOLD = "That is all I know about it."
MISSING_RECORD = "There is nothing like that yet."
RESUME = "So, back to where we were."

CORRECTION = frozenset({
    "no", "nope", "not", "actually", "sorry", "meant", "mean", "instead", "rather", "wait", "make",
    "change", "better", "wrong",
})  # fmt: skip
"""A value said with one of these near the start replaces one that was understood before."""

RESTATED = frozenset({"said", "meant", "mean"})

ADDED = frozenset({"and", "plus"})
"""Between two numbers: what is meant may be their sum. Between two choices: both."""

UNWANTED = frozenset({"from", "not", "than"})
"""A value after one of these, or after "instead of", is the one that is given up: "from Monday to Friday"."""

SAME = frozenset({"same", "keep", "stays", "unchanged"})
"""The answer to a question for what is to change: what it was may stay."""

AFFIRMED = frozenset(
    {"yes", "yeah", "yep", "yup", "right", "correct", "exactly", "sure", "okay", "ok", "indeed"}
)
DENIED_BY = frozenset({"no", "nope", "nah", "not", "wrong"})
"""What the answer to "is that right?" begins with."""

SWAP = frozenset({"instead", "rather"})
"""Anywhere in a sentence: one value for another, and the rest stays ("can I come at four instead")."""

LATE_CORRECTION = SWAP | {"actually", "make", "change", "meant", "mean", "better"}
"""The same for what was stored some questions ago: a mere "no" may be about anything by then."""
