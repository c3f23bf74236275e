"""The figures of the four older systems, each in its own terms and measured at its own door, at the client's wire.

questions.py  what is said, as Opus and as Int16 -> kinds.py  a client of each system, of one shape
seeds.py      their figures, n samples each, beside their limits (words.py: when a word can be read)
together.py   all four kinds at once against each alone
soak.py       slices of recordings for a quarter of an hour (fates.py: what became of each question)
"""
