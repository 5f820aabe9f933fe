# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab.sh and its other files share these variables
# A lab's SoftHSM tokens, keys, and a certificate authority. Sourced by lab.sh; everything lies in $LAB, which lab_begin made.

lab_pin=1234
lab_so_pin=5678

# The module, wherever this Debian's architecture keeps it.
lab_module() {
  local m
  for m in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ ! -f "$m" ] || { printf '%s\n' "$m"; return; }
  done
  lab_fail 'libsofthsm2.so is missing; install softhsm2'
}

# SoftHSM looks at this store and no other.
lab_store() {
  mkdir -p "$LAB/softhsm"
  cat >"$LAB/softhsm.conf" <<END
directories.tokendir = $LAB/softhsm
objectstore.backend = file
log.level = ERROR
END
  export SOFTHSM2_CONF=$LAB/softhsm.conf
  LAB_MODULE=$(lab_module)
}

# lab_token LABEL: a new, empty token.
lab_token() {
  lab_quietly softhsm2-util --init-token --free --label "$1" --so-pin "$lab_so_pin" --pin "$lab_pin"
}

lab_pkcs11() {
  local token=$1
  shift
  lab_quietly pkcs11-tool --module "$LAB_MODULE" --token-label "$token" --login --pin "$lab_pin" "$@"
}

# lab_key TOKEN LABEL ID TYPE: a new key pair. TYPE is what pkcs11-tool knows, rsa:2048, EC:prime256v1, EC:edwards25519...; RSA keys sign and
# decrypt, EC keys sign and derive. The public key is left in $LAB/keys/LABEL.pem.
lab_key() {
  local token=$1 label=$2 id=$3 type=$4 usage=()
  case "$type" in
    rsa:*) usage=(--usage-sign --usage-decrypt) ;;
    EC:edwards*) usage=(--usage-sign) ;;
    *) usage=(--usage-sign --usage-derive) ;;
  esac
  lab_pkcs11 "$token" --keypairgen --key-type "$type" --id "$id" --label "$label" --sensitive "${usage[@]}"
  case "$type" in
    EC:edwards*) ;; # pkcs11-tool does not write these as SubjectPublicKeyInfo
    *)
      mkdir -p "$LAB/keys"
      lab_pkcs11 "$token" --read-object --type pubkey --id "$id" --output-file "$LAB/keys/$label.der"
      openssl pkey -pubin -inform DER -in "$LAB/keys/$label.der" -out "$LAB/keys/$label.pem"
      ;;
  esac
}

# The certificate authority that signs a lab's certificates; its key is a file, as the lab ends with the test.
lab_ca() {
  mkdir -p "$LAB/ca" "$LAB/certificates"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$LAB/ca/ca.key" -out "$LAB/certificates/ca.pem" -days 3650 \
    -subj '/O=Signet demo/CN=Signet demo CA' -addext 'basicConstraints=critical,CA:TRUE' \
    -addext 'keyUsage=critical,keyCertSign,cRLSign' 2>"$LAB/ca/req.log" || lab_fail "$(cat "$LAB/ca/req.log")"
}

# lab_certificate KEY ADDRESS [DAYS [KEY_USAGE]]: an S/MIME certificate over the public key $LAB/keys/KEY.pem, in $LAB/certificates/KEY.pem.
# The key itself stays out of it: the CA puts a public key that it is given into the certificate. DAYS -1: expired.
lab_certificate() {
  local key=$1 address=$2 days=${3:-3650} key_usage=digitalSignature,nonRepudiation,keyEncipherment
  local extensions=$LAB/ca/$key.ext
  case "$(openssl pkey -pubin -in "$LAB/keys/$key.pem" -noout -text)" in
    *'ASN1 OID:'*) key_usage=digitalSignature,nonRepudiation,keyAgreement ;; # an elliptic curve
  esac
  key_usage=${4:-$key_usage}
  cat >"$extensions" <<END
basicConstraints = critical,CA:FALSE
keyUsage = critical,$key_usage
extendedKeyUsage = emailProtection
subjectAltName = email:$address
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
END
  lab_quietly openssl x509 -new -force_pubkey "$LAB/keys/$key.pem" -subj "/O=Signet demo/CN=${address%%@*} ($key)" \
    -CA "$LAB/certificates/ca.pem" -CAkey "$LAB/ca/ca.key" -extfile "$extensions" -days "$days" \
    -out "$LAB/certificates/$key.pem"
}

# lab_import TOKEN KEY ID: writes the certificate of KEY to the token beside the key.
lab_import() {
  openssl x509 -in "$LAB/certificates/$2.pem" -outform DER -out "$LAB/certificates/$2.der"
  lab_pkcs11 "$1" --write-object "$LAB/certificates/$2.der" --type cert --id "$3" --label "$2"
}

# The token "demo" as tests and tools/demo know it: three keys of alice's and one of bob's, certificates for all but the Ed25519 key.
lab_demo_token() {
  lab_store
  lab_token demo
  lab_key demo alice-rsa 01 rsa:2048
  lab_key demo alice-ec 02 EC:prime256v1
  lab_key demo alice-ed 03 EC:edwards25519
  lab_key demo bob-rsa 04 rsa:2048
  lab_ca
  lab_certificate alice-rsa alice@example.org
  lab_certificate alice-ec alice@example.org
  lab_certificate bob-rsa bob@example.org
  lab_import demo alice-rsa 01
  lab_import demo alice-ec 02
  lab_import demo bob-rsa 04
}
