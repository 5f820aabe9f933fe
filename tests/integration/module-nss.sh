#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so in NSS, as Thunderbird and Evolution have it: mail that openssl encrypted to RSA and EC keys is read, and mail is signed, by someone who
# may only do that. Debian's own NSS is older than Thunderbird's: it cannot read mail to EC keys, and makes digests of what it signs by itself.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"
for tool in cmsutil certutil modutil; do
  command -v $tool >/dev/null || skip_all "$tool is missing; install libnss3-tools"
done

lab_begin module-nss
lab_demo_token
lab_bus
lab_config
lab_config_token demo
rules() {
  lab_config_policy <<END
mail: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = $1
    effect    = "allow"
}
END
}
rules '["smime", "cms"]'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

mail=$SIGNET_SOURCE/tests/lab/mail/mail.eml
ca=$LAB/certificates/ca.pem
mkdir db
certutil -N -d sql:db --empty-password
check 'NSS loads the module' modutil -dbdir sql:db -add signet -libfile "$SIGNET_BUILD/client/module/signet-pkcs11.so" -force
certutil -A -d sql:db -n ca -t CT,C,C -i "$ca"

# nss COMMAND...: with the NSS under test.
library=
nss() {
  LD_LIBRARY_PATH=$library timeout "$lab_patience" "$@"
}

# reads NAME CERTIFICATE [OPTION...]: mail that openssl encrypts with these options.
reads() {
  local name=$1 certificate=$LAB/certificates/$2.pem
  shift 2
  rm -f clear
  openssl cms -encrypt -in "$mail" -outform DER -out encrypted -recip "$certificate" "$@"
  check "$name: $*" nss cmsutil -D -d sql:db -i encrypted -o clear
  same 'every part came through' "$(mail_parts clear)" "$(mail_parts "$mail")"
}

# signs NAME KEY
signs() {
  check "$1: signs with $2" from "$mail" to signed nss cmsutil -S -d sql:db -N "demo:$2" -H SHA256
  check 'openssl accepts it' openssl cms -verify -inform DER -in signed -CAfile "$ca" -out content
  same 'every part came through' "$(mail_parts content)" "$(mail_parts "$mail")"
}

reads 'Debian: RSA' alice-rsa -aes128
reads 'Debian: RSA' alice-rsa -aes256
if [ -f /usr/lib/thunderbird/libsmime3.so ]; then
  library=/usr/lib/thunderbird
  reads 'Thunderbird: RSA' alice-rsa -aes128
  reads 'Thunderbird: RSA' alice-rsa -aes256
  reads 'Thunderbird: RSA' alice-rsa -aes256 -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256
  for kdf in sha1 sha224 sha256 sha384 sha512; do
    for cipher in aes128 aes256; do
      reads 'Thunderbird: EC' alice-ec -$cipher -keyopt "ecdh_kdf_md:$kdf"
    done
  done
  reads 'Thunderbird: EC' alice-ec -aes128 -wrap AES-256-WRAP
  signs 'Thunderbird' alice-rsa
  signs 'Thunderbird' alice-ec
  head -c -20 encrypted >damaged
  refuse 'damaged mail is not read' cmsutil: nss cmsutil -D -d sql:db -i damaged -o clear
else
  skip 'Thunderbird is missing: mail to EC keys is not tried with its NSS; install thunderbird'
fi
library=

refuse 'Debian: signs digests, which is another right' SEC_ERROR to signed nss cmsutil -S -d sql:db -N demo:alice-rsa -H SHA256 -i "$mail"
rules '["digest", "cms"]'
lab_quietly signetctl policy reload
signs 'Debian' alice-rsa
signs 'Debian' alice-ec
check_done
