#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mail between signet-smime and plain openssl, in both directions, with RSA and P-256: what one makes the other has to read, part by part.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin openssl
lab_demo "$LAB_USER"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
plain_openssl=$(PATH=${PATH#"$LAB/bin:"} command -v openssl)

for key in alice-rsa alice-ec; do
  certificate=$LAB/certificates/$key.pem
  for form in detached opaque; do
    option=()
    [ "$form" = detached ] || option=(--opaque)
    check "$key signs, $form" from "$mail" to signed.eml signet-smime sign --from alice@example.org \
      --key "pkcs11:token=demo;object=$key" "${option[@]}"
    check "openssl accepts it" "$plain_openssl" cms -verify -in signed.eml -CAfile "$LAB/certificates/ca.pem" -out content.eml \
      -signer signer.pem
    same 'it was signed by that key' "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$certificate" -noout -serial)"
    same 'every part came through' "$(mail_parts content.eml)" "$(mail_parts "$mail")"
    sed 's/12=E2=80=AF500/92=E2=80=AF500/' signed.eml >changed.eml
    [ "$form" = opaque ] || refuse 'openssl refuses it when it is changed' 'Verification failure' \
      "$plain_openssl" cms -verify -in changed.eml -CAfile "$LAB/certificates/ca.pem" -out /dev/null
  done

  for cipher in aes128 aes256 des3; do
    "$plain_openssl" cms -encrypt "-$cipher" -in "$mail" -out encrypted.eml "$certificate"
    check "$key decrypts $cipher from openssl" from encrypted.eml to decrypted.eml signet-smime decrypt
    same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
  done
done

"$plain_openssl" cms -encrypt -aes256 -in "$mail" -out encrypted.eml -recip "$LAB/certificates/alice-rsa.pem" -keyopt rsa_padding_mode:oaep
check 'alice-rsa decrypts OAEP from openssl' from encrypted.eml to decrypted.eml signet-smime decrypt
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"

# The other way: what signet-smime encrypts, openssl decrypts with a key in a file.
openssl req -x509 -newkey rsa:2048 -nodes -keyout dave.key -out dave.pem -subj /CN=Dave -addext subjectAltName=email:dave@example.org \
  -addext keyUsage=digitalSignature,keyEncipherment 2>/dev/null
check 'signet-smime encrypts to a certificate' from "$mail" to encrypted.eml signet-smime encrypt --cert dave.pem
check 'openssl decrypts it' "$plain_openssl" cms -decrypt -in encrypted.eml -inkey dave.key -recip dave.pem -out decrypted.eml
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
check_done
