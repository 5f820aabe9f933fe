#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# OpenSSL with libp11's engine and the module, as docs/clients/engine.md says: `openssl cms` signs and decrypts, s_server serves TLS, with RSA and P-256. openssl
# without the engine judges.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
engine=$(find /usr/lib -path '*/engines-3/pkcs11.so' -print -quit)
[ -n "$engine" ] || skip_all 'the engine pkcs11 is not installed (Debian package libengine-pkcs11-openssl)'
client_network

pkcs11_begin openssl-engine
for key in www-rsa:21:rsa:2048 www-ec:22:EC:prime256v1; do
  IFS=: read -r name id type <<<"$key"
  lab_key demo "$name" "$id" "$type"
  client_certificate "$name" www.example.org
done
{
  pkcs11_page engine '## The rule'
  client_rule www '"bob"' 'pkcs11:token=demo;object=www-*' '"sign"' '"digest"'
} | lab_config_policy
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem
cp "$LAB"/certificates/*.pem .
printf 'The offer: 12 francs.\n' >offer.txt
pkcs11_page engine '## openssl.cnf' | sed "s,^dynamic_path = .*,dynamic_path = $engine," >openssl.cnf

# page KEY LINE: alice runs that line of the page, with this key.
page() {
  pkcs11_page engine '## Use it' | sed -n "$2 { s/alice-rsa/$1/g; p }" >page.sh
  lab_as alice env -u OPENSSL_MODULES OPENSSL_CONF="$LAB/work/openssl.cnf" sh -e page.sh
}

# encrypted KEY OPTION...: answer.p7m, for this key.
encrypted() {
  local key=$1
  shift
  plain openssl cms -encrypt -aes256 -binary -in offer.txt -outform DER -out answer.p7m -recip "$key.pem" "$@"
  rm -f answer.txt
}

for key in alice-rsa alice-ec; do
  check "openssl cms signs by the engine: $key" page $key 1
  check "openssl without it accepts that: $key" plain openssl cms -verify -binary -inform DER -in offer.p7s -content offer.txt -CAfile "$ca" -signer signer.pem -out /dev/null
  same "signed with $key" "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in $key.pem -noout -serial)"
  encrypted $key
  check "openssl cms decrypts by the engine: $key" page $key 2
  check "what was encrypted: $key" cmp answer.txt offer.txt
done
encrypted alice-rsa -keyopt rsa_padding_mode:oaep
check 'with OAEP' page alice-rsa 2
check 'what was encrypted with OAEP' cmp answer.txt offer.txt
same 'what was asked of signetd' "$(pkcs11_asked alice)" 'decrypt:raw sign:digest'

if pkcs11_spy; then
  sed "s,^MODULE_PATH = .*,MODULE_PATH = $spy," openssl.cnf >spied.cnf
  pkcs11_page engine '## Use it' | sed -n 1p >page.sh
  check 'openssl cms signs on the spy' lab_as alice "${pkcs11_spying[@]}" env -u OPENSSL_MODULES OPENSSL_CONF="$LAB/work/spied.cnf" sh -e page.sh
  pkcs11_spied 'openssl cms by the engine' 'all<=60' 'C_Sign>=1' 'C_SignInit<=1' unfinished
fi

# --- TLS -------------------------------------------------------------------------------------------------------

for key in www-rsa www-ec; do
  lab_start server bob env -u OPENSSL_MODULES OPENSSL_CONF="$LAB/work/openssl.cnf" openssl s_server -accept 127.0.0.1:8443 -www -engine pkcs11 -keyform engine \
    -key "pkcs11:token=demo;object=$key;type=private" -cert $key.pem
  client_await_server server 8443
  case $key in
    www-rsa)
      client_handshake 'TLS 1.3, RSA' $key 'Peer signature type: RSA-PSS' -tls1_3 -connect 127.0.0.1:8443
      client_handshake 'TLS 1.2, RSA, PKCS #1 v1.5' $key 'Peer signature type: RSA$' -tls1_2 -sigalgs RSA+SHA256 -connect 127.0.0.1:8443
      ;;
    www-ec)
      client_handshake 'TLS 1.3, P-256' $key 'Peer signature type: ECDSA' -tls1_3 -connect 127.0.0.1:8443
      client_handshake 'TLS 1.2, P-256' $key 'Peer signature type: ECDSA' -tls1_2 -connect 127.0.0.1:8443
      ;;
  esac
  lab_stop server
done
same 'bob, for TLS' "$(pkcs11_asked bob)" 'sign:digest'

# --- other rules -----------------------------------------------------------------------------------------------

refuse "another user has no such key" 'private key was not found|Could not read' lab_as bob env -u OPENSSL_MODULES OPENSSL_CONF="$LAB/work/openssl.cnf" openssl cms -sign \
  -engine pkcs11 -keyform engine -inkey 'pkcs11:token=demo;object=alice-rsa;type=private' -signer alice-rsa.pem -in offer.txt -out /dev/null
pkcs11_page engine '## The rule' | sed 's/, "raw"//' | lab_config_policy
lab_quietly lab_as signetd signetctl policy reload
encrypted alice-rsa
check 'a right to cms is enough to decrypt with RSA' page alice-rsa 2
encrypted alice-ec
refuse 'and not with EC' 'rror' page alice-ec 2
pkcs11_page engine '## The rule' | sed 's/object=alice-rsa"/object=alice-*"/' | lab_config_policy
lab_quietly lab_as signetd signetctl policy reload
if page alice-rsa 1 >enumerate 2>&1; then
  check 'this libp11 does not mind an Ed25519 key' true
else
  check 'this libp11 finds no key where there is an Ed25519 key, as the page says' grep -q 'Unable to enumerate private keys' enumerate
fi
pkcs11_no_rule
refuse 'without a rule there is no key' 'private key was not found|Could not read' page alice-rsa 1
check_done
