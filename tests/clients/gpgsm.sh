#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# gpgsm with gnupg-pkcs11-scd and the module, as docs/clients/gnupg.md says: alice signs, plain openssl verifies; openssl and gpgsm encrypt, she decrypts.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
client_needs gpgsm gnupg-pkcs11-scd gpg-connect-agent:gpg-agent
client_needs_root 'alice has a home of her own'

pkcs11_begin gpgsm
pkcs11_rule gnupg '## The rule'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem
printf 'The offer: 12 francs.\n' | tee answer.wanted >offer.txt
cp "$ca" ca.pem
lab_at_end lab_as alice gpgconf --kill all
sign=(lab_as alice gpgsm --batch --yes -u alice@example.org -o offer.p7s --detach-sign offer.txt)

# page WORDS: alice runs that block of the page.
page() {
  pkcs11_page gnupg "$1" >page.sh
  lab_as alice sh -e page.sh
}

# opens FILE [TEXT]: gpgsm shows the offer.
opens() {
  rm -f answer.txt
  lab_as alice gpgsm --batch --yes -o answer.txt --decrypt "$1" && cmp answer.txt "${2-offer.txt}"
}

# signature_octets: of the signature in offer.p7s, the last octet string there.
signature_octets() {
  plain openssl asn1parse -inform DER -in offer.p7s | awk '/OCTET STRING/ { sub(/.*l= */, ""); n = $1 } END { print n }'
}

# GnuPG 2.2 puts a zero octet before every second signature made by scd, whichever module it has: those with the highest bit set. gpgsm takes them, openssl
# says "wrong signature length": it gets the next one without.
plain_signature() {
  local try
  for ((try = 1; try <= 30; try++)); do
    if [ "$(signature_octets)" -eq 256 ]; then
      plain openssl cms -verify -binary -inform DER -in offer.p7s -content offer.txt -CAfile "$ca" -signer signer.pem -out /dev/null
      return
    fi
    printf 'This is offer %d.\n' "$try" >offer.txt
    "${sign[@]}" || return 1
  done
  return 1
}

check 'the daemon is set up' page '## The daemon'
lab_as alice sh -c 'printf "%s\n" disable-crl-checks disable-dirmngr >~/.gnupg/gpgsm.conf'
pkcs11_watch
page '## Your certificate' >learnt 2>&1 || check_failed 'the certificate is learnt' "$(cat learnt)"
check 'the card has one key, the RSA key' test "$(grep -c '^S KEYPAIRINFO' learnt)" -eq 1
check 'gpgsm has the certificate' grep -q 'aka: alice@example.org' learnt
plain openssl cms -encrypt -aes256 -binary -in offer.txt -outform DER -out answer.p7m "$LAB/certificates/alice-rsa.pem"
check 'alice signs and decrypts, as the page says' page '## Use it'
same 'what she decrypted' "$(cat answer.txt)" "$(cat offer.txt)"
check 'openssl accepts the signature' plain_signature
same 'signed with her key' "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$LAB/certificates/alice-rsa.pem" -noout -serial)"
check 'gpgsm accepts it too' lab_as alice gpgsm --batch --verify offer.p7s offer.txt
{ cat offer.txt; echo 99; } >other.txt
refuse 'and not over another text' 'invalid signature' lab_as alice gpgsm --batch --verify offer.p7s other.txt
check 'gpgsm encrypts to her' lab_as alice gpgsm --batch --yes -r alice@example.org -o own.p7m --encrypt offer.txt
check 'and decrypts that' opens own.p7m
same 'what was asked of signetd' "$(pkcs11_asked alice)" 'decrypt:cms sign:digest'
pkcs11_calls_at_most 36 'learning the card, two decryptions, and a signature or more'

if pkcs11_spy; then
  scd=$LAB/home/alice/.gnupg/gnupg-pkcs11-scd.conf
  cp "$scd" scd.conf
  sed -i "s,^provider-signet-library .*,provider-signet-library $spy," "$scd"
  lab_as alice gpgconf --kill all
  check 'gpgsm signs on the spy' lab_as alice "${pkcs11_spying[@]}" gpgsm --batch --yes -u alice@example.org -o offer.p7s --detach-sign offer.txt
  lab_as alice gpgconf --kill all
  pkcs11_spied 'gpgsm by scd' 'all<=40' 'C_Sign>=1' 'C_SignInit<=1'
  cp scd.conf "$scd"
fi

# --- other rules, while the daemon runs ------------------------------------------------------------------------

pkcs11_rule mutt 'A rule for everybody'
refuse 'with a right to smime alone gpgsm cannot sign' 'error creating signature' "${sign[@]}"
check 'but decrypt' opens answer.p7m answer.wanted
pkcs11_no_rule
refuse 'without a rule it cannot sign' 'error creating signature' "${sign[@]}"
refuse 'and not decrypt' 'decryption failed' opens answer.p7m answer.wanted
pkcs11_rule gnupg '## The rule'
check 'with the rule again it signs' "${sign[@]}"
check_done
