#!/bin/sh
# The tests drive Debian's Chromium and Firefox ESR, its TURN server coturn and its IMAP server Dovecot. As root on Debian
# they are installed; elsewhere the person is told. A Dovecot that
# was not there before is not left running as a service.
set -eu
missing=""
for browser in chromium firefox-esr turnserver; do
  command -v "$browser" >/dev/null 2>&1 || missing="$missing $(echo "$browser" | sed s/turnserver/coturn/)"
done
command -v dovecot >/dev/null 2>&1 || [ -x /usr/sbin/dovecot ] || missing="$missing dovecot-imapd"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing$missing for the tests …"
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  case "$missing" in
    *dovecot*) if command -v systemctl >/dev/null 2>&1; then systemctl disable --now dovecot >/dev/null 2>&1 || true; fi ;;
  esac
else
  echo "The tests need$missing. Install first, on Debian: sudo apt-get install$missing" >&2
  exit 1
fi
