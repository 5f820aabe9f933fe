#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many bad ciphertexts at once: those that wait side by side do not get past the failure budget together.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin failure-budget
faulty=$SIGNET_BUILD/tests/faulty-module/faulty-module.so
[ -f "$faulty" ] || skip_all "$faulty is not built"
cp "$faulty" "$LAB/bin"
lab_store
lab_token demo
lab_key demo key 01 rsa:2048
lab_bus
lab_config
echo 'failure-budget = 3' >>"$LAB_CONFIG/signetd.conf"
lab_config_token demo 'workers = 1'
mkdir -m 1777 "$LAB/faults"
printf 'C_Decrypt delay 200\n' >"$LAB/faults/demo"
sed -i "s|^module.*|module = \"$LAB/bin/faulty-module.so\"\ninit-args = \"module=$LAB_MODULE control=$LAB/faults/demo\"|" "$LAB_CONFIG/tokens.d/demo.conf"
lab_config_policy <<END
all: { user = "$LAB_USER"; key = "pkcs11:"; operation = "decrypt"; purpose = "cms"; effect = "allow"; }
END
lab_signetd demo=ready
head -c 256 /dev/zero | tr '\0' 7 >"$LAB/bad"

for i in 1 2 3 4 5 6 7 8 9 10; do
  signetctl decrypt --key pkcs11:object=key --padding oaep --in "$LAB/bad" >"$LAB/out.$i" 2>&1 &
  jobs[i]=$!
done
for i in 1 2 3 4 5 6 7 8 9 10; do
  wait "${jobs[i]}" || true
done
same 'three of ten are tried' "$(cat "$LAB"/out.* | grep -c 'could not be decrypted')" 3
same 'the others are refused' "$(cat "$LAB"/out.* | grep -c 'too many of this user')" 7
check_done
