"""The command `parley`.

    __main__.py (arguments) -> check.py: files -> "ok" or their mistakes (voices.py: is there such a voice?)
                            -> cost.py:  a load, a file's prices -> what it costs
                            -> doctor/:  a URL -> what is wrong there, seen from outside
                            -> run.py:   file -> data plane, until Ctrl-C

Exit codes: 0 done, 1 it could not be served or is not well, 2 something that was given is wrong.
"""
