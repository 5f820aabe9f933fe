#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so where there is nothing to see, where signetd does not answer, where it goes away and comes back, and where there are 1,000 keys.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
lab_begin module-life
# shellcheck source=tests/lab/module.sh
. "$SIGNET_SOURCE/tests/lab/module.sh"
! lab_sanitized || export MODULE_TEST_SLOWNESS=5

# --- nothing there -------------------------------------------------------------------------------------------

lab_demo_token
check 'no bus' to "$LAB/log/no-bus" env DBUS_SYSTEM_BUS_ADDRESS="unix:path=$LAB/none" "$conformance" "$module" empty
lab_bus
lab_config
lab_config_token demo
lab_demo_policy "$LAB_USER"
check 'a bus without signetd' to "$LAB/log/no-signetd" conform empty
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
if lab_has_users; then
  check 'a user without a rule' to "$LAB/log/no-rule" lab_as carol "$conformance" "$module" empty
else
  skip 'a user without a rule: only root can become another user'
fi

kill -STOP "${lab_pids[signetd]}"
check 'a signetd that does not answer' to "$LAB/log/no-answer" conform hanging
kill -CONT "${lab_pids[signetd]}"
grep start "$LAB"/log/no-* || true

# --- signetd restarts ----------------------------------------------------------------------------------------

"$conformance" "$module" restart >"$LAB/log/restart" 2>&1 &
signer=$!
lab_at_end kill "$signer"
for ((i = 0; i < 200; i++)); do
  ! grep -q ready "$LAB/log/restart" || break
  sleep 0.05
done
for _ in 1 2 3; do
  lab_stop signetd
  lab_signetd demo=ready
  sleep 0.3
done
status=0
kill "$signer"
wait "$signer" || status=$?
same 'signing goes on while signetd restarts three times' "$status" 0
[ "$status" -ne 0 ] || grep signatures "$LAB/log/restart"

# --- 1,000 keys ----------------------------------------------------------------------------------------------

lab_stop signetd
lab_token many
lab_quietly "$SIGNET_BUILD/tests/module/make-keys" "$LAB_MODULE" many "$lab_pin" 1000
rm "$LAB_CONFIG/tokens.d/demo.conf"
lab_config_token many
lab_config_policy <<END
all: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=many"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
END
lab_signetd many=ready
check '1,000 keys' to "$LAB/log/many" conform many
grep ':' "$LAB/log/many" || true

# --- a debugger's eyes ---------------------------------------------------------------------------------------

lab_stop signetd
rm "$LAB_CONFIG/tokens.d/many.conf"
lab_config_token demo
lab_demo_policy "$LAB_USER"
lab_signetd demo=ready
if lab_sanitized; then
  skip 'valgrind: the sanitizers have seen it'
else
  for group in general slot find object sign sign-state decrypt derive digest; do
    check "valgrind: $group" valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
      "$conformance" "$module" "$group"
  done
fi
check_done
