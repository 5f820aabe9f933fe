#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signetd from its start to its end: configurations that cannot be, a second signetd, a bus that comes back, an audit that cannot be written, signals,
# what the service manager is told, and an audit that goes on where it ended.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin life
lab_store
lab_token demo
lab_key demo key 01 EC:prime256v1
lab_bus
export DBUS_SYSTEM_BUS_ADDRESS=${DBUS_SYSTEM_BUS_ADDRESS%,guid=*} # another bus will be at this place
lab_config
lab_config_token demo
cat >"$LAB/rule" <<END
all: {
    user      = "$LAB_USER"
    key       = "pkcs11:"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
END
lab_config_policy <"$LAB/rule"
audit=$LAB/audit/audit.log

sign() {
  signetctl sign --key pkcs11:object=key --in "$LAB/rule" --base64
}

# daemon ARGUMENT...: signetd in the foreground, as in a terminal; it may take five seconds.
daemon() {
  lab_become "$LAB_DAEMON_USER"
  timeout --kill-after 1 5 "${lab_become[@]}" "$LAB/bin/signetd" "$@"
}

# status STATUS COMMAND...: it ends with that status.
status() {
  local wanted=$1 got=0
  shift
  "$@" || got=$?
  [ "$got" -eq "$wanted" ] || { echo "status $got"; return 1; }
}

# --- words ---------------------------------------------------------------------------------------------------

lab_own "$LAB/softhsm" "$LAB_CONFIG" "$LAB/audit" "$LAB_RUN/signetd"
check 'help' grep -q -- '--address' <<<"$(daemon --help)"
check 'version' grep -qx 'signetd [0-9.]*' <<<"$(daemon --version)"
refuse 'an unknown option' 'nonsense' daemon --nonsense
refuse 'an argument too many' 'surplus.*--help' daemon surplus
check 'a good configuration' status 0 daemon --check --config "$LAB_CONFIG"
refuse 'no configuration' 'nowhere.*No such file' daemon --check --config "$LAB/nowhere"

# --- mistakes, all at once -----------------------------------------------------------------------------------

cp -r "$LAB_CONFIG" "$LAB/mistaken"
printf '%s\n' 'audit-fiel = "/x"' 'queue-total = "many"' >>"$LAB/mistaken/signetd.conf"
echo 'worker-s = 3' >>"$LAB/mistaken/tokens.d/demo.conf"
sed -i 's/effect.*/effect = "alow"/' "$LAB/mistaken/policy.d/lab.conf"
lab_own "$LAB/mistaken"
daemon --check --config "$LAB/mistaken" >"$LAB/mistakes" 2>&1 || true
for pattern in 'signetd.conf:4: .*"audit-fiel".*"audit-file"' 'signetd.conf:5: .*"queue-total"' 'demo.conf:4: .*"worker-s".*"workers"' \
  'lab.conf:6: .*"alow".*"allow"'; do
  check "it says: $pattern" grep -qE "$pattern" "$LAB/mistakes"
done
check 'and a start with them ends with 78' status 78 daemon --address "$DBUS_SYSTEM_BUS_ADDRESS" --config "$LAB/mistaken"
refuse 'a bus that is not there' 'cannot connect to the bus at unix:path=/nowhere' daemon --address unix:path=/nowhere --config "$LAB_CONFIG"

# --- up, and what the service manager hears ------------------------------------------------------------------

/usr/bin/python3 - "$LAB_RUN/notify" >"$LAB/notified" 2>/dev/null <<'END' &
import os, socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
while True:
    print(listener.recv(4096).decode(), flush=True)
END
listener=$!
lab_at_end kill "$listener"
until [ -S "$LAB_RUN/notify" ]; do sleep 0.02; done
export NOTIFY_SOCKET=$LAB_RUN/notify WATCHDOG_USEC=500000
lab_signetd demo=ready
unset NOTIFY_SOCKET WATCHDOG_USEC
check 'it signs' sign

# heard WORDS: the service manager was told, sooner or later.
heard() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    ! grep -q "$1" "$LAB/notified" || return 0
    sleep 0.02
  done
  cat "$LAB/notified"
  return 1
}
check 'READY was told' heard READY=1
check 'and the state of the tokens' heard 'STATUS=1 of 1 tokens ready, 1 keys'
check 'and, as it was asked for, that it lives' heard WATCHDOG=1
kill -HUP "${lab_pids[signetd]}"
check 'RELOADING was told' heard RELOADING=1
check 'a signal reloads' heard 'policy generation 2'
check 'and it still signs' sign

# --- a second one --------------------------------------------------------------------------------------------

refuse 'a second signetd does not start' 'another signetd serves this bus' daemon --address "$DBUS_SYSTEM_BUS_ADDRESS" --config "$LAB_CONFIG"
check 'the first goes on' sign

# --- an audit that cannot be written -------------------------------------------------------------------------

mv "$audit" "$audit.kept"
cp "$audit.kept" "$audit.copy"
rm "$audit.kept"
refuse 'without an audit nothing is signed' 'audit cannot be written' sign
refuse 'again' 'audit cannot be written' sign
lab_stop signetd
mv "$audit.copy" "$audit"
lab_own "$audit"
lab_signetd demo=ready
check 'with one it is' sign
check 'the chain goes on over a restart' signetctl audit verify "$audit"

# --- a bus that goes away and comes back ---------------------------------------------------------------------

pid=${lab_pids[signetd]}
lab_stop bus
rm -f "$LAB_RUN/bus"
refuse 'without a bus nobody is heard' '.' sign
lab_start bus "$LAB_USER" dbus-daemon --config-file="$LAB/bus.conf" --nofork --nopidfile
until [ -S "$LAB_RUN/bus" ]; do sleep 0.02; done
check 'signetd comes back with the bus' lab_await demo=ready
check 'and signs' sign
same 'as the process it was' "${lab_pids[signetd]} $(kill -0 "$pid" && echo lives)" "$pid lives"

# --- the end -------------------------------------------------------------------------------------------------

worker() {
  pgrep -f "signet-worker --config $LAB_CONFIG/tokens.d/demo.conf"
}
check 'there are workers' worker
lab_stop signetd
check 'it ends its workers' status 1 worker
refuse 'a clean end leaves no socket' 'No such file' ls "$LAB_RUN/signetd/demo.socket"
same 'the audit knows start, reload and end' \
  "$(/usr/bin/python3 -c 'import json, sys
print(*(o for o in (json.loads(l)["operation"] for l in open(sys.argv[1])) if o != "sign"))' "$audit")" \
  'start reload start stop'
check 'and holds together' signetctl audit verify "$audit"

printf '{"seq":99,"prev":"' >>"$audit"
lab_signetd demo=ready
check 'half a line that a crash left is cut off' grep -q 'ended in half a line of 18 bytes' "$LAB/log/signetd"
lab_stop signetd
check 'and the chain goes on' signetctl audit verify "$audit"
line=$(tail -n 1 "$audit")
printf '%s\n' "${line/\"seq\":/\"seq\":9}" >>"$audit"
refuse 'a last line that does not follow stops the start' 'last line does not follow.*audit verify' daemon \
  --address "$DBUS_SYSTEM_BUS_ADDRESS" --config "$LAB_CONFIG"
check_done
