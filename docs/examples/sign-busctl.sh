#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shows: the D-Bus calls by themselves, with busctl of systemd: finding a key, signing a digest, and asking policy why or why not.
#
#     sign-busctl.sh alice@example.org <FILE >FILE.sig
set -eu

signet() {
  path=$1 interface=$2
  shift 2
  busctl --system call org.signetd.Signet1 "/org/signetd/Signet1$path" "org.signetd.Signet1.$interface" "$@"
}

# ao 1 "/org/signetd/Signet1/key/5f3a09c2..."
key=$(signet '' Manager FindKeys ss "$1" sign | sed -n 's,^ao [1-9][0-9]* "/org/signetd/Signet1\(/key/[0-9a-f]*\)".*,\1,p')
[ -n "$key" ] || { echo "sign-busctl.sh: no key \"$1\" that you may sign with" >&2; exit 1; }
signet '' Manager Explain 'a{sv}' 3 key s "${key#/key/}" operation s sign purpose s digest >&2

# ay 256 17 203 4...
digest=$(openssl dgst -sha256 -binary | od -An -v -t u1)
# shellcheck disable=SC2086 # each octet is an argument
signature=$(signet "$key" Key Sign 'saya{sv}' digest 32 $digest 1 hash s sha256)
for octet in ${signature#ay * }; do
  # shellcheck disable=SC2059 # an octet from its octal number
  printf "\\$(printf %03o "$octet")"
done
