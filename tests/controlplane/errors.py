"""Owns what stops a control plane from being there; the message is one line that says what lacks, and what to do."""


class NoControlPlane(Exception):
    """What is told to the person who ran the tests."""
