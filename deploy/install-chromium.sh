#!/bin/sh
# The browser tests drive Debian's Chromium. As root on Debian it is installed; elsewhere the person is told.
set -eu
command -v chromium >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Chromium for the browser tests …"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "The browser tests need Chromium. Install it first, on Debian: sudo apt-get install chromium" >&2
  exit 1
fi
