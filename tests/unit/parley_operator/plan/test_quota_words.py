"""How much a quota lacks, from the API server's own sentence."""

from __future__ import annotations

from parley_operator.plan.quota_words import lacking

SAID = (
    'pods "shop-agent-1" is forbidden: exceeded quota: parley-tenant, requested: limits.cpu=1,limits.memory=2Gi,pods=1,'
    "requests.nvidia.com/gpu=2, used: limits.cpu=3500m,limits.memory=2Gi,pods=9,requests.nvidia.com/gpu=1,"
    " limited: limits.cpu=4,limits.memory=8Gi,pods=9,requests.nvidia.com/gpu=2"
)


def test_it_is_what_is_asked_for_beyond_what_is_left() -> None:
    assert lacking(SAID) == (
        " (the quota parley-tenant lacks limits.cpu 500m, pods 1, requests.nvidia.com/gpu 1)"
    )


def test_another_sentence_has_nothing_added() -> None:
    assert lacking("pods is forbidden: violates PodSecurity") == ""
    assert lacking("") == ""
