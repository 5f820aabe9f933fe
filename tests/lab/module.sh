# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # the scripts share these variables
# The PKCS#11 module for scripts that load it: into our own host program, and into other people's. Source it after lab.sh.

module=$SIGNET_BUILD/client/module/signet-pkcs11.so
conformance=$SIGNET_BUILD/tests/module/module-conformance

# conform GROUP...: these groups of our own host program's tests.
conform() {
  "$conformance" "$module" "$@"
}
