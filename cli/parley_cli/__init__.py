"""The command `parley`.

    __main__.py (arguments) -> check.py: files -> "ok" or their mistakes (voices.py: is there such a voice?)
                            -> cost.py:  a load, a file's prices -> what it costs
                            -> doctor/:  a URL -> what is wrong there, seen from outside
                            -> run.py:   file -> data plane, until Ctrl-C

Exit codes: 0 done, 1 it could not be served or is not well, 2 something that was given is wrong.
"""

import os
import signal

if os.getpid() == 1:
    # The first process of a container: the kernel drops each signal that it does not handle (pid_namespaces(7)), and a
    # pod that is deleted while this one still loads its modules would live for all of its grace period.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
