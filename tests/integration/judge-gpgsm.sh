#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mail between signet-smime and gpgsm, which KMail and Claws are built on: with a home of its own, in which only the demo's CA is trusted, it verifies
# what signet-smime signs and encrypts what it decrypts.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

command -v gpgsm >/dev/null || skip_all 'gpgsm is missing; install gpgsm'
lab_begin gpgsm
lab_demo "$LAB_USER"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml

# gpg-agent's sockets lie in its home, so that has to be a short path.
export GNUPGHOME=$LAB_RUN/gnupg
mkdir -m 0700 "$GNUPGHOME"
lab_at_end gpgconf --kill all
printf '%s\n' disable-crl-checks disable-dirmngr >"$GNUPGHOME/gpgsm.conf"
printf '%s S relax\n' "$(openssl x509 -in "$LAB/certificates/ca.pem" -noout -fingerprint -sha1 | cut -d= -f2)" >"$GNUPGHOME/trustlist.txt"
lab_quietly gpgsm --batch --import "$LAB/certificates/ca.pem" "$LAB/certificates/alice-rsa.pem" "$LAB/certificates/alice-ec.pem"

for key in alice-rsa alice-ec; do
  check "$key signs, detached" from "$mail" to signed.eml signet-smime sign --from alice@example.org --key "pkcs11:token=demo;object=$key"
  "$SIGNET_SOURCE/tests/lab/cut-signed.py" signed.eml content signature.p7s
  check 'gpgsm accepts it' gpgsm --batch --verify signature.p7s content
  sed 's/12=E2=80=AF500/92=E2=80=AF500/' content >changed
  refuse 'gpgsm refuses it when it is changed' 'BAD|bad|invalid' gpgsm --batch --verify signature.p7s changed

  # gpgsm 2.2 takes no certificate for encryption that has keyAgreement alone, as elliptic curves have it.
  [ "$key" = alice-rsa ] || continue
  # By fingerprint: two certificates carry the address, and gpgsm knows no serial number whose first bit is set.
  fingerprint=$(openssl x509 -in "$LAB/certificates/$key.pem" -noout -fingerprint -sha1 | cut -d= -f2 | tr -d :)
  check "gpgsm encrypts to $key" gpgsm --batch --yes --armor -r "$fingerprint" -o encrypted.pem --encrypt "$mail"
  {
    printf 'MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n'
    printf 'Content-Transfer-Encoding: base64\n\n'
    sed '/^-----/d; /^$/d' encrypted.pem
  } >encrypted.eml
  check 'signet-smime decrypts it' from encrypted.eml to decrypted.eml signet-smime decrypt
  same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
done
check_done
