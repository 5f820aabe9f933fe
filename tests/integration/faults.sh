#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules that hang, crash and fail, and workers that are killed: who asked gets the signature or a typed error in time, the other token is served
# all along, and signetd goes on as the process that it was.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

faulty=$SIGNET_BUILD/tests/faulty-module/faulty-module.so
[ -f "$faulty" ] || skip_all "$faulty is not built"
lab_begin faults
cp "$faulty" "$LAB/bin"
deadline=2
lab_store
for token in good odd hung; do
  lab_token "$token"
done
lab_key good good-key 01 EC:prime256v1
lab_key odd odd-key 01 EC:prime256v1

# One key on both tokens.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$LAB/both.pem" 2>/dev/null
for token in good odd; do
  lab_quietly softhsm2-util --import "$LAB/both.pem" --token "$token" --label both-key --id 09 --pin "$lab_pin"
done

lab_bus
lab_config
echo 'queue-per-user = 6' >>"$LAB_CONFIG/signetd.conf"
lab_config_token good "deadline = $deadline" 'workers = 1'
lab_config_token odd "deadline = $deadline" 'workers = 2'
lab_config_token hung 'start-deadline = 2'
faults=$LAB/faults
mkdir -m 1777 "$faults"
for token in odd hung; do
  sed -i "s|^module.*|module = \"$LAB/bin/faulty-module.so\"\ninit-args = \"module=$LAB_MODULE control=$faults/$token log=$faults/$token.log\"|" \
    "$LAB_CONFIG/tokens.d/$token.conf"
done
lab_config_policy <<END
all: {
    user      = "$LAB_USER"
    key       = "pkcs11:"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
END
printf 'C_Initialize hang\n' >"$faults/hung"
lab_signetd good=ready odd=ready

# fault WORDS: what odd's module does from now on; nothing: it behaves.
fault() {
  printf '%s\n' "$*" >"$faults/odd.new"
  mv "$faults/odd.new" "$faults/odd"
}

# sign KEY: some 32 bytes are signed, and the signature is right.
sign() {
  local key=$1 out
  out=$(mktemp "$LAB/signature.XXXXXX")
  signetctl sign --key "pkcs11:object=$key" --in "$LAB/config.sum" --out "$out" || return
  if [ -f "$LAB/keys/$key.pem" ]; then
    openssl dgst -sha256 -verify "$LAB/keys/$key.pem" -signature "$out" "$LAB/config.sum"
  fi
}
sha256sum "$LAB_CONFIG/signetd.conf" >"$LAB/config.sum"

# timed SECONDS COMMAND...: it ends, well or not, within so many seconds.
timed() {
  local limit=$1 start=$EPOCHSECONDS status=0
  shift
  "$@" || status=$?
  [ $((EPOCHSECONDS - start)) -le "$limit" ] || { echo "this took $((EPOCHSECONDS - start)) s"; return 99; }
  return "$status"
}

# calls FUNCTION: how often odd's module was called.
calls() {
  grep -c " $1\$" "$faults/odd.log" || true
}

# wait_for_call FUNCTION COUNT: until it was called more often than that; prints the process that called last.
wait_for_call() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    if [ "$(calls "$1")" -gt "$2" ]; then
      grep " $1\$" "$faults/odd.log" | tail -n 1 | cut -d' ' -f1
      return
    fi
    sleep 0.02
  done
  lab_fail "odd's module was not called for $1"
}

# --- everything is well --------------------------------------------------------------------------------------

check 'both tokens sign' eval 'sign good-key && sign odd-key && sign both-key'
check 'a token that hangs at its start is said to have failed' lab_await hung=failed

# --- a worker is killed in mid-request -----------------------------------------------------------------------

fault C_Sign delay 1500
before=$(calls C_Sign)
sign odd-key >"$LAB/killed" 2>&1 &
job=$!
kill -KILL "$(wait_for_call C_Sign "$before")"
status=0
wait "$job" || status=$?
same 'a request whose worker is killed is done by another' "$status $(cat "$LAB/killed")" '0 Verified OK'
same 'it was tried twice' "$(($(calls C_Sign) - before))" 2
fault

# --- crash ---------------------------------------------------------------------------------------------------

check 'the workers are replaced' eval 'lab_await odd=ready && sign odd-key'
fault C_Sign crash
refuse 'a request that kills every worker is given up' 'odd.*ended' sign odd-key
check 'the other token is served' sign good-key
for i in 1 2 3 4; do
  check "a key on both tokens is used where it works ($i)" sign both-key
done
fault
check 'the crashing token comes back' eval 'lab_await odd=ready && sign odd-key'

# --- errors of the device ------------------------------------------------------------------------------------

fault C_Sign error 0x30
refuse 'a device error is told' 'odd' sign odd-key
fault
check 'and over when the device works again' eval 'lab_await odd=ready && sign odd-key'
fault C_Sign short
refuse 'a signature that is too short reaches nobody' 'odd' sign odd-key
fault
check 'and the next one is whole' eval 'lab_await odd=ready && sign odd-key'

# --- hang ----------------------------------------------------------------------------------------------------

for action in hang hang-deaf; do
  fault C_Sign "$action"
  before=$(calls C_Sign)
  signetctl sign --key pkcs11:object=odd-key --in "$LAB/config.sum" >"$LAB/hung" 2>&1 &
  job=$!
  wait_for_call C_Sign "$before" >/dev/null
  check "$action: the other token is served meanwhile" timed 1 sign good-key
  status=0
  wait "$job" || status=$?
  check "$action: the request ends with a time-out" grep -q 'did not answer within' "$LAB/hung"
  check "$action: and tells so to scripts" test "$status" -ne 0
  fault
  check "$action: the worker is replaced" eval 'lab_await odd=ready && sign odd-key'
done

# --- one of two tokens with a key hangs ----------------------------------------------------------------------

fault C_Sign hang
refuse 'a token hangs' 'did not answer' sign odd-key
for i in 1 2 3 4; do
  check "a key that is on another token, too, is used there ($i)" timed 1 sign both-key
done
fault
check 'the token comes back' eval 'lab_await odd=ready && sign odd-key'

# --- too many at once ----------------------------------------------------------------------------------------

fault C_Sign delay 700
for i in 1 2 3 4 5 6 7 8 9 10; do
  signetctl sign --key pkcs11:object=odd-key --in "$LAB/config.sum" --base64 >"$LAB/flood.$i" 2>&1 &
  jobs[i]=$!
done
busy=0 done=0
for i in 1 2 3 4 5 6 7 8 9 10; do
  status=0
  wait "${jobs[i]}" || status=$?
  case "$status $(cat "$LAB/flood.$i")" in
    0*) done=$((done + 1)) ;;
    *'too many requests'*) busy=$((busy + 1)) ;;
    *) check_failed "a request of many is done or refused as too many" "status $status: $(cat "$LAB/flood.$i")" ;;
  esac
done
same 'six of ten requests at once are done, the others are too many' "$done done, $busy busy" '6 done, 4 busy'
fault

# --- and after all that --------------------------------------------------------------------------------------

check 'both tokens sign at the end' eval 'lab_await odd=ready && sign good-key && sign odd-key'
check 'signetd is the same process' kill -0 "${lab_pids[signetd]}"

# Stopped in the midst of requests on both tokens: what was not done stands in the audit, and nothing is tried again on a token that is gone already.
fault C_Sign delay 1500
before=$(calls C_Sign)
keys=(both-key both-key odd-key odd-key)
for i in 0 1 2 3; do
  sign "${keys[i]}" >"$LAB/stopped.$i" 2>&1 &
  jobs[i]=$!
done
wait_for_call C_Sign "$before" >/dev/null
lab_stop signetd
fault
check 'what ran when signetd was stopped is told' grep -q '"odd-key".*TokenUnavailable' <(tail -n 8 "$LAB/audit/audit.log")
lab_signetd good=ready odd=ready
for i in 0 1 2 3; do
  wait "${jobs[i]}" || true # done by the new signetd if it was there in time
done
check 'the audit holds together' signetctl audit verify "$LAB/audit/audit.log"
same 'nothing waits' "$(signetctl status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["pending"])')" 0
check_done
