#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# DANE: TLSA records made as docs/clients/postfix.md says, in a zone that knot signs and unbound validates, over the keys that Postfix has behind
# signetd. posttls-finger is the other mail server: it accepts this one, and refuses it where the record is another key's or the zone is not signed.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/server.sh
. "$SIGNET_SOURCE/tests/clients/server.sh"
# shellcheck source=tests/clients/postfix-server.sh
. "$SIGNET_SOURCE/tests/clients/postfix-server.sh"
client_needs postfix posttls-finger:postfix knotd:knot kdig:knot-dnsutils unbound
client_network

lab_begin client-dane
echo 'nameserver 127.0.0.1' >"$LAB/resolv.conf"
echo 'options trust-ad edns0 timeout:2' >>"$LAB/resolv.conf"
mount --bind "$LAB/resolv.conf" /etc/resolv.conf 2>/dev/null || skip_all 'this script cannot have an /etc/resolv.conf of its own'
server_begin postfix mx mx.example.org mx-rsa mx-ec
client_unit postfix@-.service
server_policy postfix
lab_signetd mx=ready
postfix_setup
postfix_start "${client_unit[@]}"

# tlsa KEY: what the page says to put into the zone.
tlsa() {
  client_block postfix 'A TLSA record' | sed "s/mx-rsa/$1/" >"$LAB/tlsa.sh"
  sh -e "$LAB/tlsa.sh"
}

# --- the zone: mx has both keys, rsa and ec one each, wrong the hash of something else; example.net is not signed ------

mkdir "$LAB/dns"
cat >"$LAB/dns/example.org.zone" <<END
\$ORIGIN example.org.
\$TTL 300
@ SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 300
@ NS ns
@ MX 10 mx
ns A 127.0.0.1
mx A 127.0.0.1
rsa A 127.0.0.1
ec A 127.0.0.1
wrong A 127.0.0.1
_25._tcp.mx TLSA 3 1 1 $(tlsa mx-rsa)
_25._tcp.mx TLSA 3 1 1 $(tlsa mx-ec)
_25._tcp.rsa TLSA 3 1 1 $(tlsa mx-rsa)
_25._tcp.ec TLSA 3 1 1 $(tlsa mx-ec)
_25._tcp.wrong TLSA 3 1 1 $(sha256sum </dev/null | cut -d' ' -f1)
END
sed 's/example\.org/example.net/g' "$LAB/dns/example.org.zone" >"$LAB/dns/example.net.zone"
cat >"$LAB/dns/knot.conf" <<END
server:
  rundir: $LAB/dns
  listen: 127.0.0.1@5300
  pidfile: $LAB/dns/knot.pid
database:
  storage: $LAB/dns/db
log:
  - target: stderr
    any: info
policy:
  - id: ours
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: $LAB/dns
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
  - domain: example.org
    dnssec-signing: on
    dnssec-policy: ours
  - domain: example.net
END
mkdir "$LAB/dns/db"
for zone in org net; do
  sed -i "/domain: example.$zone/a\\    file: example.$zone.zone" "$LAB/dns/knot.conf"
done
lab_start knot "$LAB_USER" knotd -c "$LAB/dns/knot.conf"
dnskey() {
  kdig -p 5300 @127.0.0.1 example.org DNSKEY +short +time=1 | grep . >"$LAB/dns/dnskey"
}
client_await dnskey || lab_fail 'knot did not sign the zone'
sed 's/^/example.org. 300 IN DNSKEY /' "$LAB/dns/dnskey" >"$LAB/dns/anchor"
cat >"$LAB/dns/unbound.conf" <<END
server:
  directory: "$LAB/dns"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor-file: $LAB/dns/anchor
stub-zone:
  name: example.org
  stub-addr: 127.0.0.1@5300
stub-zone:
  name: example.net
  stub-addr: 127.0.0.1@5300
remote-control:
  control-enable: no
END
lab_start unbound "$LAB_USER" unbound -d -c "$LAB/dns/unbound.conf"
authentic() {
  kdig @127.0.0.1 +adflag +time=2 "$1" "$2" | grep -E 'Flags:.* ad'
}
check 'the zone is validated' client_await authentic _25._tcp.mx.example.org TLSA
refuse 'the other one is not signed' '^$' authentic _25._tcp.mx.example.net TLSA

# --- the other mail server -------------------------------------------------------------------------------------

# finger DESTINATION PATTERN OPTION...: its status says nothing.
finger() {
  local destination=$1 pattern=$2
  shift 2
  MAIL_CONFIG=$LAB/postfix plain timeout 60 posttls-finger -c -l dane -o dnssec_probe=ns:example.org "$@" "$destination" >"$LAB/finger" 2>&1 || true
  grep -E -- "$pattern" "$LAB/finger" || { cat "$LAB/finger"; return 1; }
}
verified='Verified TLS connection established'
check 'a domain by its MX' finger example.org "$verified"
check 'the RSA key' finger '[rsa.example.org]' "$verified.*ECDHE-RSA" -p '!TLSv1.3' -o tls_medium_cipherlist=aRSA
check 'the P-256 key' finger '[ec.example.org]' "$verified.*ECDSA"
check 'a wrong record is refused' finger '[wrong.example.org]' 'Untrusted TLS connection established|Server certificate not verified'
check 'and nothing of it verified' test -z "$(grep "$verified" "$LAB/finger")"
check 'what is not signed counts for nothing' finger '[mx.example.net]' 'TLS connection established'
check 'and nothing of it verified' test -z "$(grep "$verified" "$LAB/finger")"
postfix_stop
check_done
