"""Parley's control plane: what that which people write becomes, and what is told of it.

API server -> watch.py, primaries.py (kopf) -> caches (cluster.py) -> main.py, wakes.py: Key -> queue.py
           -> reconcile.py, with a program a kind (programs/): observe -> plan/ (pure, uses render/)
           -> apply what differs (diff.py) -> prune -> status -> cluster.py, each write behind lease.py -> API server
pods' answers -> polls.py -> the same queue
"""
