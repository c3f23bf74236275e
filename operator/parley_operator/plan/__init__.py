"""What is to be done about one object: pure, (object, observed, settings, now) -> Plan; one file for each kind.

caches -> plan.py: Observed -> KIND.py: plan() -> plan.py: Plan -> reconcile.py carries it out
"""
