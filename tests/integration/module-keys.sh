#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signet-pkcs11.so on a real signetd with SoftHSM: every mechanism with every kind of key, judged by openssl without any of our code; what policy
# withholds from those who may only sign and read mail; and what becomes of an operation when signetd, the token or the right to it goes.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

# Keys called alice-* are for mail; those called tool-* are for anything.
lab_begin module-keys
lab_demo_token
lab_key demo tool-rsa 11 rsa:3072
lab_key demo tool-p256 12 EC:prime256v1
for key in p384:13 p521:14; do
  name=tool-${key%:*}
  openssl genpkey -algorithm EC -pkeyopt "group:P-${name#tool-p}" -outform DER -out "$LAB/keys/$name.der"
  openssl pkey -inform DER -in "$LAB/keys/$name.der" -pubout -out "$LAB/keys/$name.pem"
  lab_pkcs11 demo --write-object "$LAB/keys/$name.der" --type privkey --id "${key#*:}" --label "$name" --usage-sign --usage-derive --sensitive
  openssl pkey -inform DER -in "$LAB/keys/$name.der" -pubout -outform DER -out "$LAB/keys/$name.pub.der"
  lab_pkcs11 demo --write-object "$LAB/keys/$name.pub.der" --type pubkey --id "${key#*:}" --label "$name"
done
openssl genpkey -algorithm ED25519 -out "$LAB/keys/tool-ed.key"
openssl pkey -in "$LAB/keys/tool-ed.key" -pubout -out "$LAB/keys/tool-ed.pem"
lab_quietly softhsm2-util --import "$LAB/keys/tool-ed.key" --token demo --label tool-ed --id 15 --pin "$lab_pin"
lab_bus
lab_config
lab_config_token demo 'workers = 2'
rules() {
  lab_config_policy <<END
mail: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "cms"]
    effect    = "allow"
}

tools: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo;object=$1"
    operation = ["sign", "decrypt"]
    purpose   = ["digest", "raw"]
    effect    = "allow"
}

lock: {
    user      = "$LAB_USER"
    key       = "pkcs11:token=demo"
    operation = "unlock"
    effect    = "allow"
}
END
}
rules 'tool-*'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

coproc host { exec "$SIGNET_BUILD/tests/use-module" "$SIGNET_BUILD/client/module/signet-pkcs11.so" 2>"$LAB/log/host"; }
# shellcheck disable=SC2154 # coproc sets it
host_in=${host[1]} host_out=${host[0]}

# rv COMMAND...: what the host's step returned.
rv() {
  local answer
  echo "$*" >&"$host_in"
  read -r -t "$lab_patience" answer <&"$host_out" || answer='no answer'
  printf '%s\n' "$answer"
}
ok=0 encrypted_data_invalid=40 function_not_permitted=68 key_handle_invalid=60 not_logged_in=101

# audited: operation and purpose of the last use, and whether it was allowed.
audited() {
  /usr/bin/python3 -c 'import json, sys
l = [json.loads(l) for l in open(sys.argv[1])]
l = [x for x in l if x.get("operation") in ("sign", "decrypt")][-1]
print(l["operation"], l["purpose"], l["verdict"])' "$LAB/audit/audit.log"
}

# --- signatures ----------------------------------------------------------------------------------------------

head -c 100000 /dev/urandom >large
printf 'some words' >words

# to_der CURVE_BYTES FILE: r and s as openssl wants them.
to_der() {
  /usr/bin/python3 -c 'import sys
n, b = int(sys.argv[1]), open(sys.argv[2], "rb").read()
assert len(b) == 2 * n, len(b)
def integer(x):
    x = x.lstrip(b"\0") or b"\0"
    x = (b"\0" if x[0] & 0x80 else b"") + x
    return bytes([2, len(x)]) + x
body = integer(b[:n]) + integer(b[n:])
open(sys.argv[2], "wb").write(b"\x30" + (b"\x81" if len(body) > 127 else b"") + bytes([len(body)]) + body)' "$@"
}

# judge KEY HASH DATA [OPTION...]: openssl on the file signature.
judge() {
  local key=$1 hash=$2 data=$3
  shift 3
  case $key in
    *-p256 | *-ec) to_der 32 signature ;;
    *-p384) to_der 48 signature ;;
    *-p521) to_der 66 signature ;;
  esac
  if [ "$hash" = none ]; then
    check "openssl accepts it" openssl pkeyutl -verify -rawin -pubin -inkey "$LAB/keys/$key.pem" -in "$data" -sigfile signature
  else
    check "openssl accepts it" openssl dgst "-$hash" -verify "$LAB/keys/$key.pem" -signature signature "$@" "$data"
  fi
}

# signs KEY MECHANISM HASH [PSS_HASH SALT]: in one part and in pieces.
signs() {
  local key=$1 mechanism=$2 hash=$3 options=() data
  shift 3
  [ $# -eq 0 ] || options=(-sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$2")
  for data in words large; do
    [ "$hash" != none ] || [ "$data" = words ] || continue # Ed25519 takes 64 KiB
    same "$key signs $data with $mechanism" "$(rv init "$key" "$mechanism" "$@") $(rv final $data signature)" "$ok $ok"
    judge "$key" "$hash" $data "${options[@]}"
    same 'in pieces' "$(rv init "$key" "$mechanism" "$@") $(rv pieces $data signature)" "$ok $ok"
    judge "$key" "$hash" $data "${options[@]}"
  done
}
signs tool-rsa 46 sha224
signs tool-rsa 40 sha256
signs tool-rsa 41 sha384
signs tool-rsa 42 sha512
signs tool-rsa 47 sha224 255 28
signs tool-rsa 43 sha256 250 32
signs tool-rsa 43 sha256 250 100
signs tool-rsa 44 sha384 260 48
signs tool-rsa 45 sha512 270 64
for key in tool-p256 tool-p384 tool-p521; do
  signs $key 1043 sha224
  signs $key 1044 sha256
  signs $key 1045 sha384
  signs $key 1046 sha512
done
signs tool-ed 1057 none
same 'all of these go as digests' "$(audited)" 'sign digest allow'

# What the host has hashed already.
for hash in sha224:255 sha256:250 sha384:260 sha512:270; do
  openssl dgst "-${hash%:*}" -binary words >digest
  for key in tool-p256 tool-p384 tool-p521; do
    same "$key signs a digest of ${hash%:*}" "$(rv init $key 1041) $(rv final digest signature)" "$ok $ok"
    judge $key "${hash%:*}" words
  done
  size=$(wc -c <digest)
  same "tool-rsa signs a digest of ${hash%:*} with PSS" "$(rv init tool-rsa d "${hash#*:}" "$size") $(rv final digest signature)" "$ok $ok"
  judge tool-rsa "${hash%:*}" words -sigopt rsa_padding_mode:pss -sigopt "rsa_pss_saltlen:$size"

  # The DigestInfo comes out of a signature of a passing key's.
  [ -f passing.key ] || openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out passing.key
  openssl dgst "-${hash%:*}" -sign passing.key -out passing.sig words
  openssl pkeyutl -verifyrecover -inkey passing.key -in passing.sig -out info
  same "tool-rsa signs a DigestInfo of ${hash%:*}" "$(rv init tool-rsa 1) $(rv final info signature)" "$ok $ok"
  judge tool-rsa "${hash%:*}" words
done
openssl dgst -sha1 -sign passing.key -out passing.sig words
openssl pkeyutl -verifyrecover -inkey passing.key -in passing.sig -out info
same 'SHA-1 is not signed' "$(rv init tool-rsa 1) $(rv final info signature) $(rv init tool-rsa 6)" "$ok 20 70"

# --- decryption ----------------------------------------------------------------------------------------------

head -c 32 /dev/urandom >content-key
head -c 48 /dev/urandom >premaster
oaep=(-pkeyopt rsa_padding_mode:oaep)
# encrypt KEY FILE [OPTION...]
encrypt() {
  openssl pkeyutl -encrypt -pubin -inkey "$LAB/keys/$1.pem" -in "$2" -out ciphertext "${@:3}"
}
rm -f clear
encrypt tool-rsa premaster
same 'PKCS#1 v1.5' "$(rv decrypt tool-rsa clear ciphertext) $(cmp clear premaster && echo same)" "$ok same"
same 'for anything it is raw' "$(audited)" 'decrypt raw allow'
for hash in sha1:220:220 sha224:255:220 sha256:250:250 sha384:260:260 sha512:270:270; do
  IFS=: read -r name number mgf <<<"$hash"
  mgf_name=$name
  [ "$mgf" != 220 ] || mgf_name=sha1
  encrypt tool-rsa premaster "${oaep[@]}" -pkeyopt "rsa_oaep_md:$name" -pkeyopt "rsa_mgf1_md:$mgf_name"
  same "OAEP with $name and $mgf_name" "$(rv decrypt tool-rsa clear ciphertext "$number" "$mgf") $(cmp clear premaster && echo same)" "$ok same"
  same 'with another hash it is no ciphertext' "$(rv decrypt tool-rsa clear ciphertext 250 220)" "$encrypted_data_invalid"
done

encrypt alice-rsa content-key
same 'a content key' "$(rv decrypt alice-rsa clear ciphertext) $(cmp clear content-key && echo same)" "$ok same"
same 'for mail it is cms' "$(audited)" 'decrypt cms allow'
# No padding oracle: what is no content key, and what has no padding at all, is answered like one, the same each time.
encrypt alice-rsa premaster
same 'what is no content key' "$(rv decrypt alice-rsa clear ciphertext) $(rv decrypt alice-rsa again ciphertext)" "$ok $ok"
check 'is the same each time' cmp clear again
check 'and has the size of a content key' grep -qE '^(16|24|32)$' <<<"$(wc -c <clear)"
for key in alice-rsa tool-rsa; do
  { printf '\0' && head -c "$([ $key = alice-rsa ] && echo 255 || echo 383)" /dev/urandom; } >ciphertext
  same "$key: what has no padding" "$(rv decrypt $key clear ciphertext) $(rv decrypt $key again ciphertext)" "$ok $ok"
  check 'is the same each time' cmp clear again
done

# --- derivation ----------------------------------------------------------------------------------------------

hex() {
  od -An -tx1 -v "$1" | tr -d ' \n'
}
unhex() {
  /usr/bin/python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.argv[1]))' "$1"
}
# peer KEY CURVE BYTES: a passing key on that curve, its point in peer, and what openssl derives in z.
peer() {
  openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out peer.key
  openssl pkey -in peer.key -pubout -outform DER | tail -c "$3" >peer
  openssl pkeyutl -derive -inkey peer.key -peerkey "$LAB/keys/$1.pem" -out z
}
# shared_info LENGTH ARC: a DER ECC-CMS-SharedInfo for AES key wrap.
shared_info() {
  unhex "$(printf '3015300b06096086480165030401%02xa2060404%08x' "$2" $(($1 * 8)))" >info
}
for curve in alice-ec:prime256v1:65 tool-p256:prime256v1:65 tool-p384:secp384r1:97 tool-p521:secp521r1:133; do
  IFS=: read -r key name size <<<"$curve"
  peer "$key" "$name" "$size"
  for kdf in sha1:2 sha224:5 sha256:6 sha384:7 sha512:8; do
    for length in 16:5 24:25 32:45; do
      shared_info "${length%:*}" "${length#*:}"
      openssl kdf -keylen "${length%:*}" -kdfopt "digest:${kdf%:*}" -kdfopt "hexkey:$(hex z)" -kdfopt "hexinfo:$(hex info)" -binary \
        -out kek X963KDF
      rm -f clear
      same "$key derives with ${kdf%:*}, ${length%:*} bytes" \
        "$(rv derive "$key" clear "${kdf#*:}" "${length%:*}" peer info) $(cmp clear kek && echo same)" "$ok same"
      openssl enc "-id-aes$((${length%:*} * 8))-wrap" -K "$(hex kek)" -iv A6A6A6A6A6A6A6A6 -in content-key -out wrapped
      same 'and unwraps' "$(rv derive "$key" clear "${kdf#*:}" "${length%:*}" peer info wrapped) $(cmp clear content-key && echo same)" "$ok same"
      tail -c 8 wrapped >short
      cat wrapped short >changed
      same 'but nothing else' "$(rv derive "$key" clear "${kdf#*:}" "${length%:*}" peer info changed)" 110
    done
  done
done
same 'with other rights it is raw' "$(audited)" 'decrypt raw allow'
same 'the shared secret itself' "$(rv derive tool-p521 clear 1 0 peer -) $(cmp clear z && echo same)" "$ok same"
tail -c 32 z >last
same 'its last bytes' "$(rv derive tool-p521 clear 1 32 peer -) $(cmp clear last && echo same)" "$ok same"
{ printf '\004\201\205'; cat peer; } >wrapped-peer
same 'a point in an OCTET STRING' "$(rv derive tool-p521 clear 1 0 wrapped-peer -) $(cmp clear z && echo same)" "$ok same"
peer alice-ec prime256v1 65
shared_info 16 5
same 'for mail it is cms' "$(rv derive alice-ec clear 6 16 peer info) $(audited)" "$ok decrypt cms allow"
same 'the shared secret is not for mail' "$(rv derive alice-ec clear 1 0 peer -)" "$function_not_permitted"
same 'nor is other shared data' "$(rv derive alice-ec clear 6 16 peer words)" "$function_not_permitted"

# --- purposes ------------------------------------------------------------------------------------------------

# SignedAttributes: contentType data, messageDigest.
unhex "314b301806092a864886f70d010903310b06092a864886f70d010701302f06092a864886f70d01090431220420$(hex content-key)" >attributes
for key in alice-rsa:40 alice-ec:1044; do
  for how in final pieces; do
    same "${key%:*} signs SignedAttributes, $how" "$(rv init "${key%:*}" "${key#*:}") $(rv $how attributes signature)" "$ok $ok"
    judge "${key%:*}" sha256 attributes
    same 'as smime' "$(audited)" 'sign smime allow'
  done
  for data in words large; do
    same "${key%:*} signs nothing else" "$(rv init "${key%:*}" "${key#*:}") $(rv final $data signature)" "$ok $function_not_permitted"
  done
done
openssl dgst -sha256 -binary attributes >digest
same 'nor a digest that the host made' "$(rv init alice-ec 1041) $(rv final digest signature)" "$ok $function_not_permitted"
same 'who may sign digests signs SignedAttributes so' "$(rv init tool-rsa 40) $(rv final attributes signature) $(audited)" \
  "$ok $ok sign digest allow"
for key in alice-rsa:40 alice-ec:1044; do
  openssl req -new -provider signet -provider default -key "pkcs11:token=demo;object=${key%:*}" -subj /CN=alice \
    -addext 'subjectAltName=email:alice@example.org' -out request.pem
  openssl asn1parse -in request.pem -strparse "$(openssl asn1parse -in request.pem | sed -n '2s/:.*//p' | tr -d ' ')" -noout -out request
  same "${key%:*} signs a request" "$(rv init "${key%:*}" "${key#*:}") $(rv final request signature)" "$ok $ok"
  judge "${key%:*}" sha256 request
  same 'as csr' "$(audited)" 'sign csr allow'
done

# --- what changes under an operation -------------------------------------------------------------------------

for threads in 1 2 4; do
  same "$threads threads at once" "$(rv many tool-p256 1041 $threads 300) $(rv many tool-rsa 40 $threads 50)" "$ok $ok"
done
sed 's/^/# /' "$LAB/log/host"

same 'signing begins' "$(rv init tool-p256 1044)" "$ok"
lab_stop signetd
lab_signetd demo=ready
same 'signetd restarts, and it ends well' "$(rv final words signature)" "$ok"
judge tool-p256 sha256 words

same 'signing begins' "$(rv init tool-p256 1044)" "$ok"
lab_quietly signetctl lock demo
same 'the token is locked' "$(rv final words signature)" "$not_logged_in"
lab_quietly signetctl unlock demo --pin-file "$LAB_CONFIG/demo.pin"
same 'and unlocked' "$(rv init tool-p256 1044) $(rv final words signature)" "$ok $ok"

same 'signing begins' "$(rv init tool-p256 1044)" "$ok"
rules 'tool-ed'
kill -HUP "${lab_pids[signetd]}"
lab_quietly timeout "$lab_patience" sh -c 'while signetctl keys | grep -q tool-p256; do sleep 0.1; done'
same 'the right to the key is gone' "$(rv final words signature)" "$key_handle_invalid"
same 'and so is the key' "$(rv init tool-p256 1044)" "$key_handle_invalid"
check_done
