"""How well the embedded agent answers: each example is asked by voice, in real calls, and what it said is judged.

questions.py: the file's own phrasings, and questions by people who have not seen the code
table.py:     shares by example, voice and room; the summary; whether it is under the floor
"""
