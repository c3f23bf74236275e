"""What a few agents become, as a reader would `kubectl get` it: agents/NAME.yaml -> NAME.yaml, remade by

python -m tests.unit.parley_operator.golden
"""
