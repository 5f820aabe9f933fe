#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so in NSS, as Thunderbird and Evolution have it: mail that openssl encrypted to RSA and EC keys is read, and mail is signed. The caller
# may decrypt content keys only, not anything. Debian's own NSS cannot read mail to EC keys; Thunderbird's can, and is used for those where it is installed.
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
lab_config_policy <<END
reads: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = "decrypt"
    purpose   = "cms"
    effect    = "allow"
}

signs: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = "sign"
    purpose   = "digest"
    effect    = "allow"
}
END
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
  head -c -20 encrypted >damaged
  refuse 'damaged mail is not read' cmsutil: nss cmsutil -D -d sql:db -i damaged -o clear
else
  skip 'Thunderbird is missing: mail to EC keys is not tried with its NSS; install thunderbird'
fi
library=

for key in alice-rsa alice-ec; do
  check "NSS signs with $key" from "$mail" to signed nss cmsutil -S -d sql:db -N "demo:$key" -H SHA256
  check 'openssl accepts it' openssl cms -verify -inform DER -in signed -CAfile "$ca" -out content
  same 'every part came through' "$(mail_parts content)" "$(mail_parts "$mail")"
done
check_done
