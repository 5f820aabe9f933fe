#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Tokens that are configured and not to be had: a module that is missing, one that is no module, a label that no token has, a wrong PIN. Each
# says what is wrong and what to do, and the token beside them serves all the while. Then a policy with mistakes, and a bus that goes away.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin bad-config
lab_demo_token
lab_token other
lab_bus
lab_config
lab_config_token demo
lab_config_token nolabel
lab_config_token missing 'deadline = 5'
lab_config_token nomodule
lab_config_token wrongpin 'workers = 4'
sed -i 's,^module.*,module = "/nowhere/vendor.so",' "$LAB_CONFIG/tokens.d/missing.conf"
sed -i "s,^module.*,module = \"$SIGNET_BUILD/client/libsignet.so\"," "$LAB_CONFIG/tokens.d/nomodule.conf"
sed -i 's,^label.*,label = "other",' "$LAB_CONFIG/tokens.d/wrongpin.conf"
(umask 077 && echo 9999 >"$LAB_CONFIG/wrongpin.pin")
lab_demo_policy "$LAB_USER"
lab_signetd demo=ready nolabel=absent missing=failed nomodule=failed wrongpin=pin-incorrect

mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
serves() {
  check "the token beside it serves $1" from "$mail" to "$LAB/signed.eml" signet-smime sign --from alice@example.org
}
# says TOKEN PATTERN: what signetctl tells of the token.
says() {
  check "$1: $2" grep -qE -- "$2" <<<"$(lab_as "$LAB_DAEMON_USER" signetctl tokens "$1" 2>&1)"
}

serves 'from the start'
says missing '/nowhere/vendor\.so'
says nomodule 'libsignet\.so'
says nolabel '"?nolabel"?'
says wrongpin 'PIN'

# A wrong PIN is tried once, however many workers there are: the token, which counts, has tries left.
same 'the wrong PIN was not tried again' "$(lab_as "$LAB_DAEMON_USER" signetctl tokens wrongpin --json | grep -c pin-locked)" 0

# --- a policy with mistakes ----------------------------------------------------------------------------------

cp "$LAB_CONFIG/policy.d/lab.conf" "$LAB/good.conf"
lab_config_policy <<'END'
mistaken: {
    user   = "*"
    kee    = "pkcs11:token=demo"
    effect = "allow"
}
END
refuse 'a mistake is named with file and line' 'lab\.conf:3.*kee.*key' signetctl policy check "$LAB_CONFIG/policy.d"
refuse 'a reload with it is refused' 'lab\.conf:3' signetctl policy reload
serves 'under the policy in force'
lab_config_policy <"$LAB/good.conf"
check 'a reload without it works' signetctl policy reload
serves 'under the new one'

# --- a bus that goes away ------------------------------------------------------------------------------------

lab_stop bus
refuse 'signetctl says so' 'bus|signetd' signetctl keys
refuse 'signet-smime says so' 'bus|signetd' from "$mail" signet-smime sign --from alice@example.org
check_done
