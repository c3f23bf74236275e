#!/bin/sh
# Owns the tests' system packages: a Chromium, ffmpeg and libatomic. As root on Debian or Ubuntu it installs what lacks;
# anywhere else it names in one line what lacks, and fails. It never lets a test be skipped.
# CHROMIUM=/path names a browser that lies elsewhere.
set -eu

# Ubuntu's chromium package is a stub that asks for a snap: a browser is what can say its version.
has_chromium() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
        [ -n "$name" ] && "$name" --version >/dev/null 2>&1 && return 0
    done
    return 1
}
has_ffmpeg() { ffmpeg -version >/dev/null 2>&1; }
# Playwright's wheel carries a node that is linked to it; the smallest Debian has it not.
has_libatomic() { [ "$(uname -s)" != Linux ] || PATH=$PATH:/sbin:/usr/sbin ldconfig -p | grep -q 'libatomic\.so\.1'; }
lacking() { { has_chromium || echo chromium; has_ffmpeg || echo ffmpeg; has_libatomic || echo libatomic1; } | xargs; }
fail() { echo "make test lacks: $(lacking) ($1)" >&2; exit 1; }

[ -n "$(lacking)" ] || exit 0
command -v apt-get >/dev/null || fail "install them, or name a browser with CHROMIUM=/path"
[ "$(id -u)" = 0 ] || fail "as root: apt-get install $(lacking); or name a browser with CHROMIUM=/path"

echo "Installing $(lacking) from the system's packages"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2046 # one word per package
apt-get install -y -qq --no-install-recommends $(lacking) >/dev/null || fail "apt-get could not install them"
[ -z "$(lacking)" ] || fail "Ubuntu has Chromium as a snap alone: snap install chromium, or CHROMIUM=/path"
