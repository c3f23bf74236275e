"""The operator at scale: thousands of objects on a real API server, with kwok's nodes and pods.

world.py     control plane, nodes, operator       fleet.py     the agents, and when each is Ready
stages.py    what is measured                     stand_in.py  one process that answers for all fake pods
mixed.py     the same of all four kinds at once
endurance.py what goes wrong (churn.py, faults.py)
ordinary.py  an ordinary kopf operator that makes the same Deployments: what ours is compared with
"""

STAGES = ("made", "large", "ordinary", "crashes", "frozen", "upgrade", "mixed")
