#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so against the specification: every function with right and wrong arguments (tests/module), through signetd; and SoftHSM in its
# place, which has to pass too.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
lab_begin module
# shellcheck source=tests/lab/module.sh
. "$SIGNET_SOURCE/tests/lab/module.sh"
lab_demo "$LAB_USER"

groups=(general interface walk slot session find object sign sign-state decrypt derive digest threads process)
for group in "${groups[@]}"; do
  check "the module: $group" conform "$group"
done
lab_has_users && check 'the module, for another user' lab_as bob "$conformance" "$module" general walk slot

# What the tests expect can be met: a token by itself, without the certificates that SoftHSM keeps no fields of.
if ! lab_sanitized; then
  export LAB_REFERENCE=$LAB/reference
  mkdir "$LAB_REFERENCE"
  sed "s|^directories.tokendir.*|directories.tokendir = $LAB_REFERENCE|" "$LAB/softhsm.conf" >"$LAB/reference.conf"
  export SOFTHSM2_CONF=$LAB/reference.conf
  lab_token reference
  lab_key reference rsa 01 rsa:2048
  lab_key reference ec 02 EC:prime256v1
  for group in "${groups[@]}"; do
    check "SoftHSM: $group" "$conformance" --reference --pin "$lab_pin" "$LAB_MODULE" "$group"
  done
fi

# A test that cannot fail says nothing.
refuse 'a file that is not there' 'cannot open|No such file' "$conformance" "$LAB/nothing.so" general
refuse 'a module that departs from the specification' 'gives CKR_' "$conformance" --pin "$lab_pin" "$LAB_MODULE" interface digest
check_done
