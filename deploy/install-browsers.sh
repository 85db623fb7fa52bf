#!/bin/sh
# The browser tests drive Debian's Chromium and Firefox ESR, and its TURN server coturn. As root on Debian they are
# installed; elsewhere the person is told.
set -eu
missing=""
for browser in chromium firefox-esr turnserver; do
  command -v "$browser" >/dev/null 2>&1 || missing="$missing $(echo "$browser" | sed s/turnserver/coturn/)"
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing$missing for the browser tests …"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "The browser tests need$missing. Install first, on Debian: sudo apt-get install$missing" >&2
  exit 1
fi
