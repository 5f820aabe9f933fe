# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the scripts share these variables
# The PKCS#11 module for scripts that load it into our own host program (tests/module). Source it after lab_begin.

module=$LAB/lib/signet-pkcs11.so
conformance=$LAB/bin/module-conformance
cp "$SIGNET_BUILD/tests/module/module-conformance" "$conformance"

# conform GROUP...: these groups of its tests.
conform() {
  "$conformance" "$module" "$@"
}
