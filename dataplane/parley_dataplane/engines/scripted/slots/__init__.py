"""Slot values: found in what was said, kept in one plain form, and spoken as people speak them.

    weekday  "tuesday"                               time    "10:30" (24 hours)
    date     "tomorrow", "next tuesday", "03-05"     number  "4"
    choice   one of the slot's choices, as written   name, text   the words

Rules: pure; what is not understood whole is not taken: it becomes one of UNTAKEN. No clock is read, so "tomorrow"
stays "tomorrow". An hour without "am" or "pm" means the one between seven in the morning and half past six in the
evening; `speak` adds the time of day only outside of those, so each has one name. "Loose" finding is for the answer to
a question: there a bare "ten" is a time and "it's Ann" is a name.

words -> finding -> amounts, times, days, free (each: numbers, vocabulary) -> Found -> speaking
"""
