#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The channel beside the bus: the same keys, rules and audit, hostile frames, and libsignet, which uses it by itself from its second signature on.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

use=$SIGNET_BUILD/tests/use-channel
[ -x "$use" ] || skip_all 'cmocka is missing; install libcmocka-dev'
lab_begin channel
lab_demo_token
lab_key demo large 05 rsa:4096
lab_bus
lab_config
lab_config_token demo
rules() {
  local keys
  keys=$(printf ', "pkcs11:token=demo;object=%s"' "$@")
  lab_config_policy <<END
alice: {
    user      = "$LAB_USER"
    key       = [${keys#, }]
    operation = "sign"
    purpose   = ["smime", "digest"]
    effect    = "allow"
}
END
}
rules alice-ec large
lab_signetd demo=ready

id_of() {
  openssl pkey -pubin -in "$LAB/keys/$1.pem" -outform DER | sha256sum | cut -c 1-64
}
mine=$(id_of alice-ec) others=$(id_of bob-rsa) large=$(id_of large)
check 'frames as they should be, and as they should not' "$use" "$mine" "$others" "$large"
refused=$(signetctl audit show --json "$LAB/audit/audit.log" | grep -c '"InvalidInput"' || true)
check "a user's refusals do not fill the audit ($refused of 5,000 are in it)" test "$refused" -ge 3000 -a "$refused" -le 3700

# Channels leave descriptors for everything else: a worker that is lost is replaced while all channels are taken.
lab_stop signetd
descriptors=$(ulimit -Sn)
ulimit -Sn 120
lab_signetd demo=ready
ulimit -Sn "$descriptors"
coproc hold { exec "$use" --hold; }
# shellcheck disable=SC2154 # coproc sets it
hold_pid=$hold_PID
read -r -t "$lab_patience" held <&"${hold[0]}" || held=none
same 'channels take half of the descriptors' "$held" 60
pkill -KILL -P "${lab_pids[signetd]}"
sleep 0.2
lab_await demo=ready || check_failed 'a worker is replaced meanwhile' "$(tail -n 20 "$LAB/log/signetd")"
head -c 32 /dev/zero >"$LAB/digest"
check 'signing works meanwhile' signetctl sign --key 'pkcs11:token=demo;object=alice-ec' --base64 --in "$LAB/digest"
eval "exec ${hold[1]}>&-"
wait "$hold_pid" || true

# --- libsignet --------------------------------------------------------------------------------------------------

# calls METHOD: how many of them the audit or the bus saw. The monitor counts what goes over the bus.
cd "$LAB"
dbus-monitor --address "$DBUS_SYSTEM_BUS_ADDRESS" "type='method_call',destination='org.signetd.Signet1'" >monitor 2>/dev/null &
monitor=$!
lab_at_end kill "$monitor"
for _ in $(seq 200); do
  [ -s monitor ] && break
  sleep 0.05
done
coproc sign { exec "$SIGNET_BUILD/tests/sign-loop" 'pkcs11:token=demo;object=alice-ec' 2>"$LAB/log/loop"; }
# shellcheck disable=SC2154 # coproc sets it
loop_pid=$sign_PID
go_on() {
  echo >&"${sign[1]}"
  read -r -t "$lab_patience" _ <&"${sign[0]}" || check_failed 'signing goes on' "$(cat "$LAB/log/loop")"
}
go_on
go_on
go_on
kill "$monitor"
wait "$monitor" || true
signatures=$(signetctl audit show --json "$LAB/audit/audit.log" | grep -c '"sign"')
over_bus=$(grep -c 'member=Sign$' monitor || true)
channels=$(grep -c 'member=OpenChannel$' monitor || true)
check "few of $signatures signatures went over the bus ($over_bus, and $channels channels)" test "$over_bus" -le 8 -a "$channels" -ge 1 -a \
  "$signatures" -gt $((4 * over_bus))
lab_stop signetd KILL
lab_signetd demo=ready
go_on

# A rule that goes takes the open channels along.
rules nothing
kill -HUP "${lab_pids[signetd]}"
for _ in $(seq $((lab_patience * 20))); do
  [ ! -s "$LAB/log/loop" ] || break
  sleep 0.05
done
eval "exec ${sign[1]}>&-"
wait "$loop_pid" || true
check 'a reload of the policy refuses what comes over open channels' grep -E 'NoSuchKey|NotAuthorized' "$LAB/log/loop"
check 'the audit is whole' signetctl audit verify "$LAB/audit/audit.log"
check_done
