"""What an agent becomes: pure, one Kubernetes object per function, plain dicts, byte-stable.

VoiceAgent (typed) + what only a cluster knows -> subject.py: Subject -> agent_file.py: agent.yaml and its digest
                                                                      -> one file per object -> dict, or None
Rules: no clock, no randomness, no cluster; None means "not wanted". What Kubernetes or an autoscaler sets is left out.
"""
