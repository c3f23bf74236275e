"""The node tuner: one process on each node that a NodeTuning chooses; standard library only.

    profile.json -> profile.py: Profile -> tune.py: look(profile, now) -> report.py -> serve.py: GET /report
                                            |                    |
                        journal.py: the old values, durably    kernel.py: /proc/sys and /sys
Rules: no key is written before its old value is on disk; a key is Applied only when it was read back.
"""
