#!/usr/bin/env bash
# Makes a fresh Debian with python3, venv, git and make alone, and times there what a newcomer does: git clone,
# make run until the page answers, make run again, and with --test also make test. Prints a table of seconds.
#
#     sudo tests/fresh/machine.sh [--test]        SUITE=bookworm MIRROR=URL PORT=9411
#
# Needs root and debootstrap, and clones HEAD: what is not committed is not there. How this machine reaches its
# registries (PIP_*, proxies, certificates, resolver, apt) is handed on as it is; no host is written here.
set -euo pipefail

suite=${SUITE:-bookworm} port=${PORT:-9411} with_test=${1:-}
[[ -z $with_test || $with_test == --test ]] || { echo "usage: $0 [--test]" >&2; exit 2; }
[[ $(id -u) == 0 ]] || { echo "$0 needs root, for debootstrap and chroot" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "$0 needs debootstrap" >&2; exit 1; }

# The work is done with mounts and processes of its own: all of them end with it, and then the folder goes.
if [[ -z ${MACHINE:-} ]]; then
    MACHINE=$(mktemp -d) && chmod 755 "$MACHINE" # apt works as a user of its own
    export MACHINE
    trap 'rm -rf --one-file-system "$MACHINE"' EXIT
    unshare --mount --pid --fork --kill-child "$0" "$@"
    exit
fi

table=''
timed() { # timed NAME COMMAND...
    local start=$EPOCHREALTIME
    echo "== $1" >&2
    "${@:2}"
    table+=$(awk -v name="$1" -v s="$start" -v e="$EPOCHREALTIME" 'BEGIN { printf "%-44s %7.1f s", name, e - s }')$'\n'
}

make_machine() {
    # shellcheck disable=SC2086 # no mirror named: no argument
    debootstrap --variant=minbase --components=main,universe \
        --include=python3,python3-venv,git,make,ca-certificates "$suite" "$MACHINE" ${MIRROR:-} >&2
    mount -t proc proc "$MACHINE/proc"
    mount --rbind /dev "$MACHINE/dev"
}

hand_on_network() {
    local paths=(/etc/resolv.conf /etc/hosts /etc/pip.conf /etc/ssl/certs/ca-certificates.crt /etc/apt/apt.conf.d/*)
    if grep -q "VERSION_CODENAME=$suite" /etc/os-release; then # this machine's own apt sources fit there
        paths+=(/etc/apt/sources.list.d/*.sources) && rm -f "$MACHINE/etc/apt/sources.list"
    fi
    for path in "${paths[@]}"; do
        [[ ! -f $path ]] || install -D -m 644 "$path" "$MACHINE$path"
    done
    mapfile -t handed_on < <(env | grep -v '^PIP_FIND_LINKS=' |
        grep -E '^(PIP_|GO(PROXY|SUMDB|NOSUMDB|PRIVATE)=|SSL_CERT_|[A-Z_]*CA_BUNDLE=|(https?|no|HTTPS?|NO)_(proxy|PROXY)=)')
}

# A newcomer's shell: plain PATH, and nothing else of this machine than the way to its registries.
inside() {
    chroot "$MACHINE" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        "${handed_on[@]}" bash -c "$1"
}

page_answers() {
    inside "python3 - $port" 2>/dev/null <<'PY'
import sys, urllib.request
page = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/", headers={"Accept": "text/html"})
sys.exit(b"<html" not in urllib.request.urlopen(page, timeout=2).read().lower())
PY
}

run_until_page() {
    inside "cd /root/parley && exec make run PORT=$port" >&2 &
    server=$!
    until page_answers; do
        kill -0 "$server" 2>/dev/null || { echo "make run ended before its page answered" >&2; exit 1; }
        sleep 0.2
    done
}

stop() { # as Ctrl-C does: to the whole group
    kill -INT -- "-$server"
    wait "$server" || true
}

run_tests() { inside "cd /root/parley && make test" >&2 || failed=1; } # the table comes in any case

set -m # each server in a process group of its own, with SIGINT not ignored
timed "debootstrap $suite (not the newcomer's)" make_machine
hand_on_network
git clone --quiet --bare "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)" "$MACHINE/srv/parley.git"
timed "git clone (from this disk)" inside "git clone --quiet /srv/parley.git /root/parley"
timed "make run, until the page answers" run_until_page
timed "Ctrl-C, until it has ended" stop
timed "make run again, until the page answers" run_until_page
stop
[[ -z $with_test ]] || timed "make test (installs Chromium and ffmpeg)" run_tests
printf '\n%s at %s, %s cores\n%s' "$suite" "$(git -C "$MACHINE/srv/parley.git" rev-parse --short HEAD)" "$(nproc)" "$table"
[[ -z ${failed:-} ]] || { echo "make test FAILED" >&2; exit 1; }
