"""`kubectl parley`: agents, and Parley's other objects of a cluster, in words and tables. It reads, and never writes.

__main__.py (arguments) -> kubectl.py: `kubectl get -o json`, with the caller's own flags -> told.py, agents.py, pods.py
                        -> status.py: every agent, or object of another kind, and what it lacks
                        -> why.py:    one object's conditions as a paragraph
                        -> calls.py:  the calls of each pod
each -> table.py, words.py: text of at most 80 columns
"""
