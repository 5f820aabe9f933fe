#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mail between signet-smime and NSS, which Thunderbird and Evolution are built on: cmsutil with a database of its own, in which only the demo's CA
# is trusted, verifies what signet-smime signs and encrypts what it decrypts.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

command -v cmsutil >/dev/null || skip_all 'cmsutil is missing; install libnss3-tools'
lab_begin nss
lab_demo "$LAB_USER"
cd "$LAB/work"
mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
database=sql:$LAB/work/nss
mkdir nss
lab_quietly certutil -N -d "$database" --empty-password
lab_quietly certutil -A -d "$database" -n 'demo CA' -t CT,CT,CT -i "$LAB/certificates/ca.pem"

# The signature and what it is over, as a mail program cuts them out of multipart/signed.
cut_signed() {
  "$SIGNET_SOURCE/tests/lab/cut-signed.py" "$1" content signature.p7s
}

for key in alice-rsa alice-ec; do
  check "$key signs, detached" from "$mail" to signed.eml signet-smime sign --from alice@example.org --key "pkcs11:token=demo;object=$key"
  cut_signed signed.eml
  check 'NSS accepts it' cmsutil -D -d "$database" -i signature.p7s -c content -n
  sed 's/12=E2=80=AF500/92=E2=80=AF500/' content >changed
  refuse 'NSS refuses it when it is changed' '.' cmsutil -D -d "$database" -i signature.p7s -c changed -n
done

# cmsutil 3.87 encrypts to RSA certificates only.
lab_quietly certutil -A -d "$database" -n alice -t ,, -i "$LAB/certificates/alice-rsa.pem"
check 'NSS encrypts to alice' cmsutil -E -d "$database" -r alice@example.org -i "$mail" -o encrypted.p7m
{
  printf 'MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n'
  printf 'Content-Transfer-Encoding: base64\n\n'
  base64 encrypted.p7m
} >encrypted.eml
check 'signet-smime decrypts it' from encrypted.eml to decrypted.eml signet-smime decrypt
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"

# The other way: what signet-smime encrypts, NSS decrypts with a key of its own.
lab_quietly openssl req -x509 -newkey rsa:2048 -nodes -keyout dave.key -out dave.pem -days 30 -subj /CN=Dave \
  -addext subjectAltName=email:dave@example.org -addext keyUsage=digitalSignature,keyEncipherment
lab_quietly openssl pkcs12 -export -inkey dave.key -in dave.pem -name dave -passout pass: -out dave.p12
lab_quietly pk12util -i dave.p12 -d "$database" -W ''
check 'signet-smime encrypts to a certificate' from "$mail" to encrypted.eml signet-smime encrypt --cert dave.pem
sed '1,/^\r\{0,1\}$/d' encrypted.eml | base64 -d >encrypted.p7m
check 'NSS decrypts it' cmsutil -D -d "$database" -i encrypted.p7m -o decrypted.eml
same 'every part came through' "$(mail_parts decrypted.eml)" "$(mail_parts "$mail")"
check_done
