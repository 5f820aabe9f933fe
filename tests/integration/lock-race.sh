#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Lock and unlock as fast as it goes. A lock ends workers that are in the midst of their login, which SoftHSM does by writing the token's file
# anew: one that is killed there leaves an empty file, and a token without keys. So they have to be let finish.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin lock-race
lab_demo "$LAB_USER"
cd "$LAB/work"
(umask 077 && printf '%s\n' "$lab_pin" >pin)

# lock_and_unlock: until one of them fails
lock_and_unlock() {
  local i
  for ((i = 0; i < 40; i++)); do
    signetctl lock demo && signetctl unlock demo --pin-file pin || return
  done
}
check 'forty times' lock_and_unlock
check 'the token is there' lab_await demo=ready
same 'with all its keys' "$(key_field label)" 'alice-ec alice-ed alice-rsa'
check 'and signs' to /dev/null signetctl sign --key 'pkcs11:token=demo;object=alice-ec' --in pin

# A stop in the midst of the logins, too.
for ((i = 0; i < 5; i++)); do
  signetctl lock demo >/dev/null
  signetctl unlock demo --pin-file pin >/dev/null
  lab_stop signetd
  lab_signetd demo=ready
done
check 'nor does a stop lose it' to /dev/null signetctl sign --key 'pkcs11:token=demo;object=alice-ec' --in pin
check_done
