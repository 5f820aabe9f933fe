#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The examples in docs/examples, run as their first lines say. Plain openssl judges what they sign, and each refuses a key that is not the caller's.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
examples=$SIGNET_SOURCE/docs/examples

lab_begin examples
lab_demo "$LAB_USER"
cd "$LAB/work"
printf 'A file to sign.\n' >file
printf 'Another file.\n' >other

# good KEY: file.sig is a signature of the key over the file, and not over another one.
good() {
  local public=$LAB/keys/$1.pem
  env -u OPENSSL_MODULES -u LD_LIBRARY_PATH openssl dgst -sha256 -verify "$public" -signature file.sig file >/dev/null &&
    ! env -u OPENSSL_MODULES -u LD_LIBRARY_PATH openssl dgst -sha256 -verify "$public" -signature file.sig other >/dev/null 2>&1
}

# example NAME COMMAND...: it signs standard input for the key behind it.
example() {
  local name=$1 key
  shift
  for key in alice-rsa alice-ec; do
    rm -f file.sig
    check "$name signs with $key" from file to file.sig "$@" "pkcs11:object=$key"
    check "$name: openssl accepts it" good "$key"
  done
  refuse "$name: a key that is not the caller's" 'no (such )?key|[Nn]o key' from file to file.sig "$@" 'pkcs11:object=bob-rsa'
}

digest_sign() {
  openssl dgst -sha256 -binary | "$SIGNET_BUILD/tests/example-sign" "$1"
}
example sign.c digest_sign
example sign-verify.c "$SIGNET_BUILD/tests/example-sign-verify"
check 'sign-verify.c: says that it verified' grep -q 'and verified' <<<"$("$SIGNET_BUILD/tests/example-sign-verify" alice@example.org 2>&1 >file.sig <file)"
refuse 'sign-verify.c: how it is used' 'usage' "$SIGNET_BUILD/tests/example-sign-verify"

if /usr/bin/python3 -c 'import jeepney' 2>/dev/null; then
  example sign.py /usr/bin/python3 "$examples/sign.py"
else
  skip 'docs/examples/sign.py: python3-jeepney is not installed'
fi
if command -v busctl >/dev/null; then
  example sign-busctl.sh "$examples/sign-busctl.sh"
else
  skip 'docs/examples/sign-busctl.sh: busctl is not installed (Debian package systemd)'
fi

for key in alice-rsa alice-ec; do
  check "sign.sh signs with $key" grep -qx 'Verified OK' <<<"$("$examples/sign.sh" "pkcs11:object=$key" file)"
  check 'sign.sh: openssl accepts it' good "$key"
  rm file.sig
done
refuse "sign.sh: a key that is not the caller's" 'no such key|no key' "$examples/sign.sh" 'pkcs11:object=bob-rsa' file

# Every example is here or in a test of its own.
for file in "$examples"/*; do
  file=${file##*/}
  case "$file" in
    README.md | policy | mutt) ;;
    *) check "$file is run here" grep -q "^[^#].*$file" "$SIGNET_SOURCE/tests/integration/examples.sh" ;;
  esac
  [ "$file" = README.md ] || check "$file is in the list" grep -q "($file)" "$examples/README.md"
done
check_done
