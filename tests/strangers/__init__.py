"""Clients of three older systems, each written from that system's own text by someone who has read nothing else.

text -> alice.py, duplex.py, backend_v2.py     one client a text; each is a program, too
handset.py, web.py, wav.py                     what any such client has: microphone, loudspeaker, HTTP, files
caller.py                                      what they ask
ear.py                                         tells by its sound which answer was given
"""
