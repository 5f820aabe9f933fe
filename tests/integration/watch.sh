#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that keep a snapshot of keys and tokens and follow signetd with signet_watch_changed(): what they see is what they may see, whatever
# happens: policy read again, a token unlocked and locked, keys that come to a token, signetd restarted, signetd absent, no bus.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_has_users || skip_all 'needs root, to become other users'
lab_begin watch
lab_demo_token
lab_token vault
lab_key vault alice-vault 07 EC:prime256v1
lab_bus
lab_config
lab_config_token demo 'workers = 1'
lab_config_token vault 'workers = 1'
sed -i '/^pin-file/d' "$LAB_CONFIG/tokens.d/vault.conf" # somebody has to unlock it
cp "$SIGNET_BUILD/tests/follow" "$LAB/bin"

# rule USER OBJECT: appended to the policy that is being written.
rule() {
  printf '%s-%s: { user = "%s"; key = "pkcs11:object=%s"; operation = ["sign", "decrypt"]; effect = "allow"; }\n' "$1" "${2//\*/all}" "$1" "$2"
}

# sees USER LINE: the last line of the user's program is this, sooner or later.
sees() {
  local i
  for ((i = 0; i < 50 * lab_patience; i++)); do
    [ "$(tail -n 1 "$LAB/log/follow-$1")" != "$2" ] || return 0
    sleep 0.02
  done
  cat "$LAB/log/follow-$1"
  return 1
}

# quickly DESCRIPTION PATTERN: a snapshot is refused, with a sentence, in less than a tenth of a second.
quickly() {
  refuse "$1" "$2" lab_as alice follow --once
  refuse 'at once' 'after [0-9]{1,2} ms' lab_as alice follow --once
}

# --- before signetd ------------------------------------------------------------------------------------------

quickly 'without signetd there is a sentence' 'signetd is not on the bus'
for user in alice carol; do
  lab_start "follow-$user" "$user" follow
  check "$user waits for signetd" sees "$user" without
done
rule alice 'alice-*' | lab_config_policy
lab_signetd demo=ready vault=locked
check 'signetd that comes is noticed' sees alice 'with alice-ec alice-ed alice-rsa alice-vault demo=ready vault=locked'
check 'also by somebody for whom nothing is there' sees carol with

# --- rights --------------------------------------------------------------------------------------------------

{ rule alice alice-ec && rule carol alice-rsa; } | lab_config_policy
signetctl policy reload >/dev/null
check 'a right that is lost is noticed, with its keys and tokens' sees alice 'with alice-ec demo=ready'
check 'one that is given, too' sees carol 'with alice-rsa demo=ready'
rule alice 'alice-*' | lab_config_policy
signetctl policy reload >/dev/null
check 'and back' sees alice 'with alice-ec alice-ed alice-rsa alice-vault demo=ready vault=locked'
check 'all of it' sees carol with

# --- tokens --------------------------------------------------------------------------------------------------

from <(printf '%s\n' "$lab_pin") signetctl unlock vault >/dev/null
check 'a token that is unlocked is noticed' sees alice 'with alice-ec alice-ed alice-rsa alice-vault demo=ready vault=ready'
signetctl lock vault >/dev/null
check 'one that is locked, too' sees alice 'with alice-ec alice-ed alice-rsa alice-vault demo=ready vault=locked'
same 'who sees no token hears of none' "$(tail -n 1 "$LAB/log/follow-carol")" with
lab_key demo alice-new 09 EC:prime256v1
lab_own "$LAB/softhsm"
pkill -KILL -P "$(pgrep -o -f "signet-worker --config $LAB_CONFIG/tokens.d/demo.conf")"
check 'a key that comes to a token is noticed' sees alice 'with alice-ec alice-ed alice-new alice-rsa alice-vault demo=ready vault=locked'

# --- signetd and the bus go ----------------------------------------------------------------------------------

for signal in KILL TERM; do
  lab_stop signetd "$signal"
  check "signetd that goes ($signal) is noticed" sees alice without
  rule carol bob-rsa | lab_config_policy
  lab_signetd demo=ready vault=locked
  check 'after its return, what holds now' sees carol 'with bob-rsa demo=ready'
  check 'for everybody' sees alice with
  rule alice alice-ec | lab_config_policy
  signetctl policy reload >/dev/null
  check 'and it is followed as before' sees alice 'with alice-ec demo=ready'
  check 'by everybody' sees carol with
done

lab_stop signetd
DBUS_SYSTEM_BUS_ADDRESS=unix:path=$LAB/nowhere quickly 'without a bus there is a sentence' 'cannot connect to the bus at .*nowhere'
for user in alice carol; do
  lab_stop "follow-$user"
done
check_done
