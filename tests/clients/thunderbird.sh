#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Thunderbird, without a screen, set up as docs/clients/thunderbird.md says: alice signs, encrypts and reads, with RSA and P-256, and sees what was tampered
# with. Plain openssl judges what Thunderbird sends and makes what it is sent. What it asks of signetd on the way is counted.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
# shellcheck source=tests/lab/smime.sh
. "$SIGNET_SOURCE/tests/lab/smime.sh"
client_needs thunderbird modutil:libnss3-tools certutil:libnss3-tools
client_network

pkcs11_begin thunderbird
file_key carl RSA rsa_keygen_bits:2048
file_key carl-ec EC ec_paramgen_curve:P-256
lab_certificate carl carl@example.org
lab_certificate carl-ec carl-ec@example.org
pkcs11_rule thunderbird 'The rule'
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
ca=$LAB/certificates/ca.pem
sent=$LAB/work/sent.eml

# --- a profile -------------------------------------------------------------------------------------------------

# identity ID KEY: settings of an identity of alice's.
identity() {
  local certificate
  certificate=$("$SIGNET_SOURCE/tests/clients/nss-key.py" "$LAB/certificates/$2.pem")
  cat <<END
user_pref("mail.identity.$1.fullName", "Alice");
user_pref("mail.identity.$1.useremail", "alice@example.org");
user_pref("mail.identity.$1.valid", true);
user_pref("mail.identity.$1.smtpServer", "smtp1");
user_pref("mail.identity.$1.doFcc", false);
user_pref("mail.identity.$1.compose_html", false);
user_pref("mail.identity.$1.signing_cert_name", "demo:$2");
user_pref("mail.identity.$1.signing_cert_dbkey", "$certificate");
user_pref("mail.identity.$1.encryption_cert_name", "demo:$2");
user_pref("mail.identity.$1.encryption_cert_dbkey", "$certificate");
END
}

# settings: an account with local folders, a server to send to, and nothing that asks or looks for the net.
settings() {
  cat <<'END'
user_pref("mail.accountmanager.accounts", "account1");
user_pref("mail.accountmanager.defaultaccount", "account1");
user_pref("mail.accountmanager.localfoldersserver", "server1");
user_pref("mail.account.account1.server", "server1");
user_pref("mail.account.account1.identities", "id1,id2");
user_pref("mail.server.server1.type", "none");
user_pref("mail.server.server1.hostname", "Local Folders");
user_pref("mail.server.server1.userName", "nobody");
user_pref("mail.server.server1.directory-rel", "[ProfD]Mail/Local Folders");
user_pref("mail.smtpservers", "smtp1");
user_pref("mail.smtp.defaultserver", "smtp1");
user_pref("mail.smtpserver.smtp1.hostname", "127.0.0.1");
user_pref("mail.smtpserver.smtp1.port", 2525);
user_pref("mail.smtpserver.smtp1.authMethod", 1);
user_pref("mail.smtpserver.smtp1.try_ssl", 0);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("mail.shell.checkDefaultClient", false);
user_pref("mail.openMessageBehavior", 0);
user_pref("mail.rights.version", 1);
user_pref("mailnews.start_page.enabled", false);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("app.normandy.enabled", false);
user_pref("app.update.auto", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.update.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "data:,x");
user_pref("toolkit.telemetry.enabled", false);
user_pref("marionette.port", 2828);
END
}

# profile: alice's, with the commands of the page.
profile() {
  export PROFILE=$LAB/home/alice/profile
  mkdir "$PROFILE"
  { settings; identity id1 alice-rsa; identity id2 alice-ec; } >"$PROFILE/user.js"
  cp "$ca" "$LAB/home/alice/ca.pem"
  {
    echo "certutil -N -d sql:$PROFILE --empty-password"
    pkcs11_page thunderbird '## The module'
    pkcs11_page thunderbird 'The authority of your certificate'
    for key in carl carl-ec; do
      echo "certutil -A -d sql:$PROFILE -n $key -t ,, -i $LAB/certificates/$key.pem"
    done
  } >"$LAB/home/alice/profile.sh"
  chown -R "$(lab_uid alice):$(lab_uid alice)" "$LAB/home/alice"
  (cd "$LAB/home/alice" && lab_quietly lab_as alice sh -e profile.sh)
}

# thunderbird_start [VARIABLE=VALUE...]
thunderbird_start() {
  lab_start thunderbird alice env MOZ_CRASHREPORTER_DISABLE=1 "$@" thunderbird --headless --marionette --remote-allow-system-access --profile "$PROFILE" --no-remote
}

drive() {
  "$SIGNET_SOURCE/tests/clients/thunderbird.py" "$@"
}

# alice_sends DESCRIPTION IDENTITY TO [sign] [encrypt]: what comes to the server is $sent.
alice_sends() {
  local description=$1 identity=$2 to=$3
  shift 3
  rm -f "$sent"
  check "$description" drive send "$identity" "$to" 'The offer' "$@"
}

# verified KEY FILE: plain openssl says that alice signed it, with this key.
verified() {
  check "openssl accepts it: $1" plain openssl cms -verify -in "$2" -CAfile "$ca" -out content.eml -signer signer.pem
  check "with her words in it: $1" client_says content.eml 'with a second line'
  same "signed with $1" "$(openssl x509 -in signer.pem -noout -serial)" "$(openssl x509 -in "$LAB/certificates/$1.pem" -noout -serial)"
}

# carl_writes FILE [CERTIFICATE [OPTION...]]: carl signs, and encrypts for a certificate of alice's, if there is one, with options of openssl cms.
carl_writes() {
  local file=$1 certificate=${2-} last=signed.eml
  shift
  printf 'Content-Type: text/plain\n\nDear Alice, 12 francs it is.\n' >text.eml
  plain openssl cms -sign -in text.eml -signer "$LAB/certificates/carl.pem" -inkey "$LAB/keys/carl.key" -out signed.eml
  if [ -n "$certificate" ]; then
    shift
    plain openssl cms -encrypt -in signed.eml -recip "$LAB/certificates/$certificate.pem" "$@" -out encrypted.eml
    last=encrypted.eml
  fi
  { printf '%s\n' 'From: carl@example.org' 'To: alice@example.org' 'Subject: The offer' "Date: $(date -R)"; cat "$last"; } >"$file"
}

reads() {
  local status=0
  drive read "$@" >read.json || status=$?
  cat read.json
  return "$status"
}

# alice_reads DESCRIPTION FILE SIGNATURE ENCRYPTION [WORDS]: Thunderbird comes to these numbers, and shows these words; without any, none of carl's.
alice_reads() {
  check "$1" reads "$2" "$3" "$4"
  if [ $# -gt 4 ]; then
    check "$1: the text" grep -q "$5" read.json
  else
    refuse "$1: no text" '^$' grep francs read.json
  fi
}

profile
lab_start sink "$LAB_USER" "$SIGNET_SOURCE/tests/clients/smtp-sink.py" 2525 "$sent"
client_await_server sink 2525

# --- what she sends --------------------------------------------------------------------------------------------

pkcs11_watch
thunderbird_start
check 'Thunderbird is up' drive ready
alice_sends 'alice signs, RSA' id1 carl@example.org sign
pkcs11_calls_at_most 20 'its start and one signed mail'
verified alice-rsa "$sent"
alice_sends 'alice signs, P-256' id2 carl@example.org sign
verified alice-ec "$sent"
for to in carl carl-ec; do
  alice_sends "alice signs and encrypts for $to" id1 $to@example.org sign encrypt
  check 'it is encrypted' grep -q 'smime-type=enveloped-data' "$sent"
  check "$to opens it with a key in a file" plain openssl cms -decrypt -in "$sent" -inkey "$LAB/keys/$to.key" -recip "$LAB/certificates/$to.pem" -out opened.eml
  verified alice-rsa opened.eml
  alice_reads "alice reads what she sent to $to" "$sent" 0 0 'with a second line'
done

# --- what she reads --------------------------------------------------------------------------------------------

carl_writes mail.eml
alice_reads 'alice verifies' mail.eml 0 none '12 francs'
sed 's/12 francs/99 francs/' mail.eml >tampered.eml
alice_reads 'what was tampered with is shown as such' tampered.eml 1034 none '99 francs'
sed 's/^From: .*/From: mallory@example.org/' mail.eml >mallory.eml
alice_reads 'somebody else wrote it than From says' mallory.eml 1038 none '12 francs'
carl_writes rsa.eml alice-rsa -aes256
alice_reads 'alice decrypts, RSA' rsa.eml 0 0 '12 francs'
carl_writes mail.eml alice-rsa -aes128 -keyopt rsa_padding_mode:oaep
alice_reads 'alice decrypts, RSA, OAEP' mail.eml 0 0 '12 francs'
carl_writes ec.eml alice-ec -aes256
alice_reads 'alice decrypts, P-256' ec.eml 0 0 '12 francs'
carl_writes mail.eml alice-ec -aes128 -keyopt ecdh_kdf_md:sha256
alice_reads 'alice decrypts, P-256, a KDF with SHA-256' mail.eml 0 0 '12 francs'
same 'no primitive right was needed' "$(pkcs11_asked alice)" 'decrypt:cms sign:smime'
pkcs11_calls_at_most 40 'all of this'

# --- signetd starts again; the rule goes -----------------------------------------------------------------------

lab_stop signetd
refuse 'without signetd she cannot sign, and is told' 'Unable to sign|digitally sign' drive send id1 carl@example.org 'The offer' sign
lab_signetd demo=ready
alice_sends 'and can again when it is back' id1 carl@example.org sign
verified alice-rsa "$sent"
pkcs11_no_rule
rm -f "$sent"
for identity in id1 id2; do
  refuse "without the rule she cannot sign, and is told: $identity" 'Unable to sign|digitally sign' drive send $identity carl@example.org 'The offer' sign
done
check 'and nothing was sent' test ! -e "$sent"
for key in rsa ec; do
  alice_reads "without the rule she cannot read, and is told: $key" $key.eml none 1
done
lab_stop thunderbird

# --- started again, after she read a mail of her own -------------------------------------------------------------

pkcs11_rule thunderbird 'The rule'
thunderbird_start
check 'Thunderbird is up' drive ready
refuse 'a copy of her certificate, which has no key, is taken' 'Unable to sign|digitally sign' drive send id1 carl@example.org 'The offer' sign
lab_stop thunderbird
pkcs11_page thunderbird 'takes a copy' >copy.sh
check 'the copy goes' lab_as alice sh -e copy.sh

# On the spy, where there is one.
traced=()
if pkcs11_spy; then
  cp "$SIGNET_BUILD/tests/module/only-2-40.so" "$LAB/lib" # says why
  sed -i "s,$module,$spy," "$PROFILE/pkcs11.txt"
  traced=(PKCS11SPY="$LAB/lib/only-2-40.so" ONLY_2_40="$module" PKCS11SPY_OUTPUT="$LAB/work/spied")
fi
thunderbird_start "${traced[@]}"
check 'Thunderbird is up' drive ready
alice_sends 'and alice signs again' id1 carl@example.org sign
verified alice-rsa "$sent"
alice_reads 'and decrypts, P-256' ec.eml 0 0 '12 francs'
lab_stop thunderbird
if [ ${#traced[@]} -gt 0 ]; then
  # It asks for an interface that bears forks, seeds every generator that it finds, and may end in the middle. Its searches are answered without signetd.
  pkcs11_spied 'Thunderbird' 'all<=8000' 'C_Sign>=1' 'C_Sign<=1' 'C_DeriveKey>=1' 'C_DeriveKey<=2' C_GetInterface=CKR_ARGUMENTS_BAD \
    C_SeedRandom=CKR_RANDOM_SEED_NOT_SUPPORTED C_DestroyObject=nothing C_CloseSession=nothing unfinished
fi

# --- a profile that signetctl sets up --------------------------------------------------------------------------

PROFILE=$LAB/home/alice/second
mkdir "$PROFILE"
{ settings; identity id1 alice-rsa | grep -v _cert_; } >"$PROFILE/prefs.js"
chown -R "$(lab_uid alice):$(lab_uid alice)" "$PROFILE"
lab_quietly lab_as alice certutil -N -d "sql:$PROFILE" --empty-password
lab_quietly lab_as alice certutil -A -d "sql:$PROFILE" -n CA -t ,C, -i "$LAB/home/alice/ca.pem"
cp "$PROFILE/pkcs11.txt" modules.before
setup() {
  lab_as alice signetctl setup thunderbird --profile "$PROFILE" --module "$module" --key 'pkcs11:object=alice-rsa' --yes "$@"
}
check 'signetctl sets it up' setup
thunderbird_start
check 'Thunderbird is up' drive ready
refuse 'signetctl sees that it runs' 'quit Thunderbird first' setup --undo
alice_sends 'alice signs' id1 carl@example.org sign
verified alice-rsa "$sent"
alice_reads 'and decrypts' rsa.eml 0 0 '12 francs'
lab_stop thunderbird
check 'signetctl looks again' to again.txt setup --no-test
check 'and finds nothing to change in what Thunderbird left' grep -q 'set up already' again.txt
check 'signetctl takes it back' setup --undo
same 'the list of modules is as it was, to the byte' "$(cat "$PROFILE/pkcs11.txt")" "$(cat modules.before)"
refuse 'no certificate is set any more' '^$' grep _cert_ "$PROFILE/prefs.js"
check_done
