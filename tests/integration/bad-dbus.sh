#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Calls that no library of ours would make, straight on the bus: wrong types, unknown words, digests of the wrong size, malformed DER, too much data,
# keys of the wrong kind. Each gets a typed error with a sentence, none a signature, and signetd goes on.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

command -v busctl >/dev/null || skip_all 'busctl is missing; install systemd'
lab_begin bad-dbus
lab_demo "$LAB_USER"
read -r ec ed rsa <<<"$(key_field id)"
key=org.signetd.Signet1.Key

# call ID METHOD SIGNATURE ARGUMENT...
call() {
  local id=$1
  shift
  busctl --system call "$lab_name" "/org/signetd/Signet1/key/$id" "$key" "$@"
}

# bytes N: an argument "ay" of N octets, for busctl.
bytes() {
  printf '%s' "$1"
  head -c "$1" /dev/zero | tr '\0' 7 | sed 's/7/ 7/g'
}

# bad DESCRIPTION PATTERN ID METHOD...: refused with a sentence that matches.
bad() {
  local description=$1 pattern=$2
  shift 2
  refuse "$description" "$pattern" call "$@"
}

read -ra digest <<<"$(bytes 32)"
read -ra short <<<"$(bytes 31)"
read -ra long <<<"$(bytes 70000)"

check 'a good digest is signed' call "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 0
check 'for P-256, too' call "$ec" Sign 'saya{sv}' digest "${digest[@]}" 0
check 'for Ed25519, a message' call "$ed" Sign 'saya{sv}' digest "${short[@]}" 0

bad 'a digest of the wrong size' '31|32' "$rsa" Sign 'saya{sv}' digest "${short[@]}" 0
bad 'no digest' '.' "$rsa" Sign 'saya{sv}' digest 0 0
bad 'the digest of another hash' '32|64' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 1 hash s sha512
bad 'an unknown purpose' 'purpose' "$rsa" Sign 'saya{sv}' mail "${digest[@]}" 0
bad 'the purpose dkim, which is to come' '.' "$rsa" Sign 'saya{sv}' dkim "${digest[@]}" 0
bad 'a purpose of decryption' '.' "$rsa" Sign 'saya{sv}' cms "${digest[@]}" 0
bad 'an unknown option' 'hsah' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 1 hsah s sha256
bad 'an option of the wrong type' 'hash' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 1 hash u 256
bad 'an option twice' 'hash' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 2 hash s sha256 hash s sha256
bad 'an unknown hash' 'md5' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 1 hash s md5
bad 'an unknown padding' 'none' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 1 padding s none
bad 'a padding for a key that has none' '.' "$ec" Sign 'saya{sv}' digest "${digest[@]}" 1 padding s pss
bad 'a hash for Ed25519' '.' "$ed" Sign 'saya{sv}' digest "${digest[@]}" 1 hash s sha256
bad 'a salt longer than the key' '.' "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 2 padding s pss salt-length u 100000
bad 'wrong types of arguments' '.' "$rsa" Sign 'ss' digest words
bad 'too few arguments' '.' "$rsa" Sign 's' digest
bad 'a method that is not there' '.' "$rsa" Nonsense
bad 'too much data' '.' "$ed" Sign 'saya{sv}' digest "${long[@]}" 0
bad 'SignedAttributes that are no DER' '.' "$rsa" Sign 'saya{sv}' smime "${digest[@]}" 0
bad 'SignedAttributes that are empty' '.' "$rsa" Sign 'saya{sv}' smime 2 49 0 0
bad 'a request that is no DER' '.' "$rsa" Sign 'saya{sv}' csr "${digest[@]}" 0
bad 'no inputs at all' '.' "$rsa" SignMany 'saaya{sv}' digest 0 0
bad 'one bad input among good ones is named' '1' "$rsa" SignMany 'saaya{sv}' digest 2 "${digest[@]}" "${short[@]}" 0

bad 'decryption with an EC key' '.' "$ec" Decrypt 'saya{sv}' cms "${digest[@]}" 0
bad 'derivation with an RSA key' '.' "$rsa" Derive 'saya{sv}' cms "${digest[@]}" 0
bad 'decryption with Ed25519' '.' "$ed" Decrypt 'saya{sv}' cms "${digest[@]}" 0
bad 'a ciphertext of the wrong size' '.' "$rsa" Decrypt 'saya{sv}' cms "${digest[@]}" 0
bad 'an empty ciphertext' '.' "$rsa" Decrypt 'saya{sv}' raw 0 0
bad 'a content key of 5 bytes' '.' "$rsa" Decrypt 'saya{sv}' cms "${digest[@]}" 1 key-length u 5
bad 'a peer that is no point' 'point' "$ec" Derive 'saya{sv}' raw "${digest[@]}" 1 kdf s none
read -ra point <<<"65 4 $(bytes 64 | cut -d' ' -f2-)"
bad 'a point that is not on the curve' 'point' "$ec" Derive 'saya{sv}' raw "${point[@]}" 1 kdf s none
bad 'raw derivation called cms' '.' "$ec" Derive 'saya{sv}' cms "${digest[@]}" 1 kdf s none

bad 'an object path that is no key' '.' 0123 Sign 'saya{sv}' digest "${digest[@]}" 0
refuse 'an interface that is not there' '.' busctl --system call "$lab_name" "/org/signetd/Signet1/key/$rsa" org.example.Nothing Sign
manager=(busctl --system call "$lab_name" /org/signetd/Signet1 org.signetd.Signet1.Manager)
refuse 'a search with an unknown operation' '.' "${manager[@]}" FindKeys ss '' fly
refuse 'a search with a broken URI' '.' "${manager[@]}" FindKeys ss 'pkcs11:token=%zz' ''
refuse 'an explanation without a key' 'key' "${manager[@]}" Explain 'a{sv}' 1 operation s sign
refuse 'an explanation with an unknown fact' 'keey' "${manager[@]}" Explain 'a{sv}' 3 keey s x operation s sign purpose s smime

check 'signetd goes on' call "$rsa" Sign 'saya{sv}' digest "${digest[@]}" 0
check 'and is the same process' kill -0 "${lab_pids[signetd]}"
check 'the audit holds together' signetctl audit verify "$LAB/audit/audit.log"
check_done
