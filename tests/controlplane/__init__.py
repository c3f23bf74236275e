"""A real Kubernetes control plane for tests, without Docker: built from Go modules once, started in seconds.

go/*/go.mod -> toolchain.py, build.py -> programs in a cache outside the checkout
programs    -> control_plane.py (certificates.py, components.py, process.py) -> a kubeconfig
kubeconfig  -> kubectl.py, audit.py -> tests/contract
"""
