"""What a few tenants become, as a reader would `kubectl get` it: tenants/NAME.yaml -> NAME.yaml, remade by

python -m tests.unit.parley_operator.golden_tenants
"""
