"""Real calls over loopback: one real server process, clients without any of its code."""
