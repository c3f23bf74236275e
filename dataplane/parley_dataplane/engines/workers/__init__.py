"""What runs inside worker processes: one module per engine, started as `python -m`, with as few imports
as possible.

    engine (parent) -> frames on stdin -> Channel -> library -> frames on stdout -> WorkerStream (parent)

Nothing in here is imported by the parent but `frames`.
"""
