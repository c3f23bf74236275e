#!/bin/sh
# Installs Parley's operator and the namespace voice-ai with its agent, or says how they are. It is thin on purpose: each line
# can be typed by hand.
#
#   ./deploy-k8s.sh deploy     REGISTRY=registry.example.com/team: where the images are
#   ./deploy-k8s.sh status     TIMEOUT=300s: for how long `deploy` waits for each part
set -eu

REGISTRY=${REGISTRY:-}
TIMEOUT=${TIMEOUT:-300s}
manifests=$(cd "$(dirname "$0")/.." && pwd)

deploy() {
    # The images' names are all that a registry changes: " parley:0.1.0" becomes " registry.example.com/team/parley:0.1.0".
    kubectl kustomize "$manifests/base" | sed -E "s#: (parley(-operator|-tuner)?:[0-9])#: ${REGISTRY:+$REGISTRY/}\\1#" |
        kubectl apply --server-side --filename -
    kubectl wait --for=condition=Established --timeout="$TIMEOUT" crd/voiceagents.parley.dev
    kubectl rollout status --timeout="$TIMEOUT" deployment/parley-operator --namespace parley-system
    kubectl apply --server-side --kustomize "$manifests/voice-ai"
    kubectl wait --for=condition=available --timeout="$TIMEOUT" voiceagent/voice-ai-backend-v2 --namespace voice-ai
}

status() {
    kubectl get voiceagents,deployments,pods,services --namespace voice-ai
}

case ${1:-} in
deploy | status) "$1" ;;
*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
