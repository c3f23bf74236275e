"""Parley's control plane: what a VoiceAgent becomes, and what is told of it.

API server -> watch.py, main.py (kopf) -> caches (cluster.py) -> Key -> queue.py
           -> reconcile.py: observe -> plan/ (pure, uses render/) -> apply what differs (diff.py) -> prune -> status
           -> cluster.py, each write behind lease.py -> API server
pods' status endpoints -> polls.py -> the same queue
"""
