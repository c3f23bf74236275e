"""`kubectl parley`: the agents of a cluster, in words and tables for people. All of it reads; nothing is ever written.

__main__.py (arguments) -> kubectl.py: `kubectl get -o json`, with the caller's own flags -> agents.py, pods.py (values)
                        -> status.py: every agent, and what it lacks
                        -> why.py:    one agent's conditions as a paragraph
                        -> calls.py:  the calls of each pod
each -> table.py, words.py: text of at most 80 columns
"""
