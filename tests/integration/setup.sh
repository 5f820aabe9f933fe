#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# signetctl setup, in homes made for it: what each program gets, that a second run changes nothing, that --undo brings back every byte or refuses, and
# that nothing is written where it should not be. Once as the user who runs the test, once (as root) as another one.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

lab_begin setup
lab_demo_token
lab_bus
lab_config
lab_config_token demo
lab_demo_policy "$LAB_USER"
sed -i "s/user      = \"$LAB_USER\"/user      = [\"$LAB_USER\", \"alice\"]/" "$LAB_CONFIG/policy.d/lab.conf"
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"
unset XDG_CONFIG_HOME XDG_STATE_HOME GNUPGHOME OPENSSL_CONF SOFTHSM2_CONF NO_COLOR
module=$LAB/lib/signet-pkcs11.so

who=$LAB_USER home='' homes=0

# at_home COMMAND...: as the person whose turn it is, in the home that is set up.
at_home() {
  lab_as "$who" env HOME="$home" "$@"
}

setup() {
  local program=$1
  shift
  case "$program" in
    openssl) at_home signetctl setup openssl --module "$LAB/modules/signet.so" "$@" ;;
    mutt) at_home signetctl setup mutt --smime-rc "$SIGNET_SOURCE/mail/smime.rc" "$@" ;;
    *) at_home signetctl setup "$program" --module "$module" "$@" ;;
  esac </dev/null
}

# new_home: an empty one, in which the person has files of his own.
new_home() {
  homes=$((homes + 1))
  home=$LAB_RUN/home$homes # short: gpg-agent has its sockets there
  mkdir -m 0700 "$home"
  printf 'set from = alice@example.org\nset sort = threads' >"$home/.muttrc" # no newline at its end
  mkdir -m 0700 "$home/.gnupg"
  printf '# mine\nscdaemon-program /usr/lib/gnupg/scdaemon\ndefault-cache-ttl 60\n' >"$home/.gnupg/gpg-agent.conf"
  chmod 0640 "$home/.muttrc"
  profile=$home/.thunderbird/abc.default
  mkdir -p "$profile"
  printf '%s\n' '[Install4F96D1932A9F858E]' 'Default=abc.default' '' '[Profile0]' 'Name=default' 'IsRelative=1' 'Path=abc.default' 'Default=1' \
    >"$home/.thunderbird/profiles.ini"
  printf '%s\n' 'library=' 'name=NSS Internal PKCS #11 Module' "parameters=configdir='sql:$profile' flags= " \
    'NSS=Flags=internal,critical trustOrder=75 cipherOrder=100 slotParams=(1={slotFlags=[RSA] askpw=any timeout=30})' '' >"$profile/pkcs11.txt"
  printf '%s\n' '// Mozilla User Preferences' '' 'user_pref("mail.identity.id1.useremail", "Alice@example.org");' \
    'user_pref("mail.identity.id2.useremail", "carol@example.org");' 'user_pref("mail.identity.id1.signing_cert_name", "an \"old\" one");' \
    'user_pref("zoom", 1);' >"$profile/prefs.js"
  [ "$who" = "$LAB_USER" ] || chown -R "$(lab_uid "$who"):$(lab_uid "$who")" "$home"
}

# snapshot: every file and directory of the home with its mode and contents; what gpgsm itself keeps is its own.
snapshot() {
  (cd "$home" && find . \( -path ./.gnupg/\* ! -name '*.conf' -prune \) -o -printf '%M %p\n' | sort -k2 &&
    find . -type f ! -path './.gnupg/[!g]*' ! -path './.gnupg/*.d/*' -exec sha256sum {} + | sort -k2)
}

# --- each program, as this person ----------------------------------------------------------------------------------

# round PROGRAM OPTION...: print, apply, again, undo, again.
round() {
  local program=$1 before after
  shift
  new_home
  before=$(snapshot)
  check "$program: --print" to print.txt setup "$program" --print "$@"
  same "$program: --print changes nothing" "$(snapshot)" "$before"
  check "$program: shows lines that come" grep -q '^    + ' print.txt
  refuse "$program: nobody can be asked" 'nobody can be asked.*--print.*--yes' setup "$program" "$@"
  same "$program: and nothing has changed" "$(snapshot)" "$before"
  check "$program: --yes" to yes.txt setup "$program" --yes --no-test "$@"
  same "$program: what was shown was done" "$(grep '^    [-+] ' yes.txt)" "$(grep '^    [-+] ' print.txt)"
  check "$program: something has changed" test "$(snapshot)" != "$before"
  after=$(snapshot)
  check "$program: a second time, without a question" to again.txt setup "$program" --no-test "$@"
  check "$program: says that it is done" grep -q "$program is set up already" again.txt
  same "$program: and changes nothing" "$(snapshot)" "$after"
  check "$program: --undo --print" to undo.txt setup "$program" --undo --print
  same "$program: which changes nothing" "$(snapshot)" "$after"
  check "$program: --undo" to undo.txt setup "$program" --undo --yes
  same "$program: every byte is back" "$(snapshot)" "$before"
  refuse "$program: --undo again" 'nothing to undo' setup "$program" --undo --yes
}

# foreign PROGRAM FILE: a file of the home is changed between setup and --undo.
foreign() {
  local program=$1 file=$2 after
  new_home
  check "$program: set up" to /dev/null setup "$program" --yes --no-test
  echo '# by hand' >>"$home/$file"
  after=$(snapshot)
  refuse "$program: a file that was changed since is not undone" "${file##*/} was changed since.*nothing was undone" setup "$program" --undo --yes
  same "$program: nothing at all was" "$(snapshot)" "$after"
  sed -i '$d' "$home/$file"
  check "$program: put back, it is" to /dev/null setup "$program" --undo --yes
}

# unwritable PROGRAM FILE: read-only, a directory, a link out of the home, a link within it, a link to nowhere.
unwritable() {
  local program=$1 file=$2 before
  new_home
  [ -e "$home/$file" ] || at_home sh -c "mkdir -p '$(dirname "$home/$file")' && echo '# mine' >'$home/$file'"
  at_home chmod a-w "$home/$file"
  before=$(snapshot)
  refuse "$program: a read-only file" "${file##*/}: it is read-only.*chmod u[+]w" setup "$program" --yes
  same "$program: is left alone" "$(snapshot)" "$before"
  at_home chmod u+w "$home/$file"
  at_home mv "$home/$file" "$home/kept"
  at_home ln -s "$home/kept" "$home/$file"
  before=$(sha256sum <"$home/kept")
  check "$program: a link within the home" to /dev/null setup "$program" --yes --no-test
  check "$program: stays one" test -L "$home/$file"
  check "$program: and its file is changed" test "$(sha256sum <"$home/kept")" != "$before"
  check "$program: and changed back" to /dev/null setup "$program" --undo --yes
  same "$program: to the byte" "$(sha256sum <"$home/kept")" "$before"
  at_home cp "$home/kept" "$LAB/work/outside.$homes"
  at_home ln -sf "$LAB/work/outside.$homes" "$home/$file"
  before=$(sha256sum "$LAB/work/outside.$homes")
  refuse "$program: a link out of the home" 'out of your home' setup "$program" --yes
  same "$program: the file outside is left alone" "$(sha256sum "$LAB/work/outside.$homes")" "$before"
  at_home ln -sf "$home/nowhere" "$home/$file"
  refuse "$program: a link to nowhere" 'leads nowhere' setup "$program" --yes
  at_home rm "$home/$file"
  at_home mkdir "$home/$file"
  refuse "$program: a directory in the place of a file" 'not a text file|Is a directory' setup "$program" --yes
}

# has PROGRAM TOOL...: whether the tools are there; if not, that their absence is explained.
has() {
  local program=$1 tool
  shift
  for tool; do
    command -v "$tool" >/dev/null && continue
    new_home
    refuse "$program: without $tool" 'not installed' setup "$program" --yes
    skip "setup of $program: $tool is not installed"
    return 1
  done
}

everything() {
  who=$1
  printf '%s\n' "--- as $who"
  round openssl
  foreign openssl .config/signet/openssl.cnf
  unwritable openssl .config/signet/openssl.cnf
  round thunderbird
  foreign thunderbird .thunderbird/abc.default/pkcs11.txt
  unwritable thunderbird .thunderbird/abc.default/pkcs11.txt
  if has mutt mutt; then
    round mutt
    foreign mutt .muttrc
    unwritable mutt .muttrc
  fi
  if has gnupg gnupg-pkcs11-scd gpgsm gpgconf; then
    round gnupg
    at_home gpgconf --kill all
    foreign gnupg .gnupg/gpg-agent.conf
    at_home gpgconf --kill all
    unwritable gnupg .gnupg/gpg-agent.conf
  fi
}

p11_kit_rounds() {
  if [ "$(lab_as "$who" id -u)" -eq 0 ]; then
    new_home
    refuse 'p11-kit: reads nothing in the home of root' 'in the home of root' setup p11-kit --yes
    return
  fi
  round p11-kit
  foreign p11-kit .config/pkcs11/modules/signet.module
  unwritable p11-kit .config/pkcs11/modules/signet.module
}

everything "$LAB_USER"
p11_kit_rounds
if lab_has_users; then
  everything alice
  p11_kit_rounds
else
  skip 'setup as another user: only root can become one'
fi

# --- the self-tests, by the programs themselves --------------------------------------------------------------------

# tested PROGRAM PATTERN: sets up and tests; what it says of the test matches.
tested() {
  new_home
  [ "$1" != thunderbird ] || { at_home certutil -N -d "sql:$profile" --empty-password && at_home certutil -A -d "sql:$profile" -n CA -t CT,C,C \
    -i "$LAB/certificates/ca.pem"; }
  [ "$1" != gnupg ] || trust_gnupg
  check "$1: with its self-test" to test.txt setup "$1" --yes
  check "$1: which says what signed" grep -qE "^Tested: $2" test.txt
  check "$1: --test" to test.txt setup "$1" --test
  same "$1: in JSON" "$(setup "$1" --json --test | /usr/bin/python3 -c 'import json, sys
a = json.load(sys.stdin)
print(a["program"], a["done"], a["files"], bool(a["test"]))')" "$1 tested [] True"
}

trust_gnupg() {
  at_home gpgsm --quiet --batch --import "$LAB/certificates/ca.pem" 2>/dev/null
  printf '%s S relax\n' "$(openssl x509 -in "$LAB/certificates/ca.pem" -noout -fingerprint -sha1 | cut -d= -f2)" |
    at_home tee "$home/.gnupg/trustlist.txt" >/dev/null
}

! lab_has_users || who=alice
tested openssl 'openssl cms signed with key alice-(rsa|ec), and the signature is good'
# As docs/clients/openssl.md has it.
in_keys() {
  at_home env OPENSSL_CONF="$home/.config/signet/openssl.cnf" sh -c "cd '$home/.config/signet/keys' && $1"
}
for key in alice-rsa alice-ec; do
  check "openssl: cms signs with $key" in_keys "openssl cms -sign -signer $key.pem -inkey $key.key -in ../openssl.cnf -out ../../../$key.eml"
  check 'openssl: and that verifies' openssl cms -verify -in "$home/$key.eml" -CAfile "$LAB/certificates/ca.pem" -out /dev/null
  openssl cms -encrypt -in "$LAB/keys/alice-rsa.pem" -out encrypted.eml "$LAB/certificates/$key.pem"
  check "openssl: cms decrypts with $key" to decrypted in_keys "openssl cms -decrypt -recip $key.pem -inkey $key.key -in '$PWD/encrypted.eml'"
  same 'openssl: what was encrypted' "$(tr -d '\r' <decrypted)" "$(cat "$LAB/keys/alice-rsa.pem")"
done
check 'openssl: a request' in_keys 'openssl req -new -key alice-ed.key -subj /CN=Alice -addext subjectAltName=email:alice@example.org -out ../../../alice.csr'
check 'openssl: that verifies' openssl req -in "$home/alice.csr" -verify -noout
new_home
refuse 'openssl: --test before there is anything' 'set it up first' setup openssl --test
if command -v mutt >/dev/null; then
  tested mutt "mutt's smime_sign_command signed with key alice-(rsa|ec), and the signature is good"
  new_home
  check 'mutt: with a key of choice' to /dev/null setup mutt --key pkcs11:object=alice-rsa --yes
  refuse 'mutt: --test of another one says how to name it' 'another certificate.*--key' setup mutt --test --key pkcs11:object=alice-ec
  check 'mutt: and so it works' to /dev/null setup mutt --test --key pkcs11:object=alice-rsa
fi
if command -v gnupg-pkcs11-scd >/dev/null && command -v gpgsm >/dev/null; then
  new_home
  refuse 'gnupg: an authority that it does not trust is named' 'gpgsm --import ca.pem' setup gnupg --yes
  at_home gpgconf --kill all
  tested gnupg 'gpgsm signed with key alice-rsa, and the signature is good'
  at_home gpgconf --kill all
fi
if command -v cmsutil >/dev/null; then
  new_home
  at_home certutil -N -d "sql:$profile" --empty-password
  refuse 'thunderbird: --test before there is anything' 'does not see the token "demo" in the profile.*set it up first' setup thunderbird --test
  tested thunderbird 'NSS signed with key alice-(rsa|ec) in the profile, and the signature is good'
  check 'thunderbird: NSS lists the module' grep -q "library name: $module" <<<"$(at_home modutil -dbdir "sql:$profile" -list)"
else
  skip 'setup of thunderbird with NSS: libnss3-tools is not installed'
fi
if lab_has_users && command -v p11tool >/dev/null; then
  tested p11-kit 'p11tool signed with key alice-(rsa|ec|ed) and verified it'
  for key in alice-rsa alice-ec; do # as docs/clients/p11-kit.md has it
    check "p11-kit: lists $key" grep -q "object=$key;type=private" <<<"$(at_home p11tool --list-all 'pkcs11:library-manufacturer=Signet' 2>&1)"
    check "p11-kit: signs with $key" at_home p11tool --test-sign "pkcs11:library-manufacturer=Signet;token=demo;object=$key;type=private"
  done
fi

# --- what is set ---------------------------------------------------------------------------------------------------

new_home
check 'thunderbird: set up' to /dev/null setup thunderbird --yes --no-test --key 'pkcs11:object=alice-rsa'
same 'thunderbird: the name of the certificate' "$(sed -n 's/.*id1.signing_cert_name", \(.*\));/\1/p' "$profile/prefs.js")" '"demo:alice-rsa"'
# What NSS makes of the certificate, by other means: 8 octets of 0, lengths of serial number and issuer, the two of them.
dbkey=$(openssl x509 -in "$LAB/certificates/alice-rsa.pem" -outform DER | /usr/bin/python3 -c 'import base64, struct, sys
def element(o):
    n, h = der[o + 1], 2
    if n & 0x80:
        h += n & 0x7f
        n = int.from_bytes(der[o + 2:o + h], "big")
    return o + h, o + h + n
der = sys.stdin.buffer.read()
o = element(element(0)[0])[0]
o = element(o)[1] if der[o] == 0xa0 else o
serial = der[slice(*element(o))]
o = element(element(o)[1])[1]
issuer = der[o:element(o)[1]]
print(base64.b64encode(bytes(8) + struct.pack(">II", len(serial), len(issuer)) + serial + issuer).decode())')
same 'thunderbird: and its database key' "$(sed -n 's/.*id1.signing_cert_dbkey", "\(.*\)");/\1/p' "$profile/prefs.js")" "$dbkey"
same 'thunderbird: to encrypt, too' "$(grep -c "id1.encryption_cert_dbkey\", \"$dbkey\"" "$profile/prefs.js")" 1
same 'thunderbird: another identity is left alone' "$(grep -c id2 "$profile/prefs.js")" 1
# Thunderbird writes the file again, in another order and with more in it.
at_home sh -c "sort -r '$profile/prefs.js' >'$profile/new' && echo 'user_pref(\"mail.new\", true);' >>'$profile/new' && mv '$profile/new' '$profile/prefs.js'"
check 'thunderbird: preferences are undone by line' to /dev/null setup thunderbird --undo --yes
same 'thunderbird: ours are gone' "$(grep -c cert_dbkey "$profile/prefs.js")" 0
same 'thunderbird: the old one is back' "$(grep -c 'an \\"old\\" one' "$profile/prefs.js")" 1
same 'thunderbird: a new one is still there' "$(grep -c mail.new "$profile/prefs.js")" 1

at_home ln -sf "127.0.1.1:+$$" "$profile/lock"
refuse 'thunderbird: not while it runs' 'quit Thunderbird first' setup thunderbird --yes --no-test
at_home ln -sf "127.0.1.1:+4194300" "$profile/lock"
check 'thunderbird: a lock that a crash left' to /dev/null setup thunderbird --yes --no-test
# The kind of lock that it holds.
/usr/bin/python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "w")
fcntl.lockf(f, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)' "$profile/.parentlock" >held.txt &
locker=$!
until grep -q held held.txt; do sleep 0.05; done
refuse 'thunderbird: nor undone while it runs' 'quit Thunderbird first' setup thunderbird --undo --yes
kill "$locker"
wait "$locker" || true
at_home rm -f "$profile/lock"
rm "$profile/.parentlock"
check 'thunderbird: undone' to /dev/null setup thunderbird --undo --yes
at_home sh -c "echo 'user_pref(\"mail.identity.id1.signing_cert_dbkey\", \"x\");' >'$profile/user.js'"
refuse 'thunderbird: user.js would win' 'user.js.*signing_cert_dbkey.*take that line out' setup thunderbird --yes
at_home rm "$profile/user.js" "$profile/pkcs11.txt"
refuse 'thunderbird: a profile that was never used' 'no pkcs11.txt' setup thunderbird --yes
refuse 'thunderbird: a profile that is not there' 'No such file' setup thunderbird --yes --profile "$home/nowhere"
at_home sed -i 's/lice@/dam@/' "$profile/prefs.js"
at_home touch "$profile/pkcs11.txt"
refuse 'thunderbird: no key for its identities' 'no key.*carol@example.org, Adam@example.org' setup thunderbird --yes
at_home rm -r "$home/.thunderbird"
refuse 'thunderbird: no profile' 'start Thunderbird once' setup thunderbird --yes

new_home
check 'gnupg: set up' to gnupg.txt setup gnupg --print
check 'gnupg: a line that goes is shown' grep -q '^    - scdaemon-program /usr/lib/gnupg/scdaemon' gnupg.txt
check 'gnupg: and the one that comes' grep -q '^    + scdaemon-program .*gnupg-pkcs11-scd' gnupg.txt
refuse 'gnupg: RSA only' 'no rsa key' setup gnupg --yes --key 'pkcs11:object=alice-ec'

# --- bad input -----------------------------------------------------------------------------------------------------

new_home
refuse 'a key that is not there' 'no key' setup mutt --yes --key carol@example.org
refuse 'a module that is not there' '/nowhere.so: No such file.*--module FILE' at_home signetctl setup thunderbird --module /nowhere.so --yes
refuse 'a provider that is not there' '/nowhere.so: No such file.*--module FILE' at_home signetctl setup openssl --module /nowhere.so --yes
refuse 'an smime.rc that is not there' '/nowhere.rc: No such file.*--smime-rc FILE' at_home signetctl setup mutt --smime-rc /nowhere.rc --yes
refuse 'no HOME' 'HOME' lab_as "$who" env -u HOME signetctl setup openssl --yes
refuse 'a HOME that is not there' 'HOME' lab_as "$who" env HOME=/nowhere signetctl setup openssl --yes
refuse 'a relative HOME' 'HOME' lab_as "$who" env HOME=. signetctl setup openssl --yes
at_home truncate -s +1 "$home/.muttrc" # an octet of 0
refuse 'a file that is no text' 'muttrc: it is not a text file' setup mutt --yes
at_home mkdir -p "$home/.local/state/signet/setup"
echo nonsense | at_home tee "$home/.local/state/signet/setup/openssl.json" >/dev/null
refuse 'a record that is none' 'openssl.json: not the record' setup openssl --undo --yes
refuse 'nor is it written over' 'openssl.json: not the record' setup openssl --yes
refuse 'no tool at hand' 'neither mutt nor neomutt is installed' at_home env PATH="$LAB/bin" signetctl setup mutt --yes
if lab_has_users; then
  new_home
  refuse "root in somebody else's home" 'belongs to user.*without sudo' env HOME="$home" signetctl setup openssl --yes
  who=$LAB_USER
  new_home
  who=alice
  chmod 0711 "$home"
  refuse "alice in root's" 'belongs to user' lab_as alice env HOME="$home" signetctl setup openssl --yes
  new_home
  refuse "a configuration in somebody else's home" 'belongs to user' at_home env XDG_CONFIG_HOME="$LAB/home/bob" signetctl setup openssl --yes
fi
new_home
at_home mkdir -p "$home/.config/signet/keys"
at_home chmod o+w "$home/.config/signet/keys"
refuse 'a directory that is open to everybody' 'others may write.*chmod o-w' setup openssl --yes

# Names that would be something else in the files that they are written into.
new_home
at_home ln -s "$module" "$home/a\"b.so"
refuse 'a link with a quote in its name' 'cannot hold this name' at_home signetctl setup thunderbird --module "$home/a\"b.so" --yes --no-test
at_home cp "$LAB/modules/signet.so" "$home/b\$HOME.so"
refuse 'a provider with a variable in its name' 'cannot hold this name' at_home signetctl setup openssl --module "$home/b\$HOME.so" --yes --no-test
refuse 'an address with a line of its own' 'cannot hold this name' \
  at_home signetctl --address "$DBUS_SYSTEM_BUS_ADDRESS"$'\n[x]' setup openssl --module "$LAB/modules/signet.so" --yes --no-test
if command -v mutt >/dev/null; then
  at_home ln -s "$SIGNET_SOURCE/mail/smime.rc" "$home/\`touch ran\`.rc"
  refuse 'a link with a command in its name' 'cannot hold this name' at_home signetctl setup mutt --smime-rc "$home/\`touch ran\`.rc" --yes --no-test
  at_home mkdir "$home/\`touch ran\`"
  refuse 'a configuration with a command in its name' 'cannot hold this name' at_home env XDG_CONFIG_HOME="$home/\`touch ran\`" \
    signetctl setup mutt --smime-rc "$SIGNET_SOURCE/mail/smime.rc" --yes --no-test
fi
if lab_has_users; then
  who=$LAB_USER
  new_home
  chgrp 1 "$profile/prefs.js"
  chmod 0640 "$profile/prefs.js"
  check 'a file of another group is set up' to /dev/null setup thunderbird --yes --no-test
  same 'and is of that group as before' "$(stat -c '%a %g' "$profile/prefs.js")" '640 1'
  who=alice
fi

# --- a person answers ----------------------------------------------------------------------------------------------

new_home
before=$(snapshot)
refuse 'no is no' 'nothing was changed' at_home "$SIGNET_SOURCE/tests/lab/terminal.py" --answer n signetctl setup openssl --module "$LAB/modules/signet.so" --no-test
same 'and nothing has' "$(snapshot)" "$before"
check 'yes is yes' at_home "$SIGNET_SOURCE/tests/lab/terminal.py" --answer y signetctl setup openssl --module "$LAB/modules/signet.so" --no-test
check 'and something has' test -f "$home/.config/signet/openssl.cnf"
same 'the record is for its owner alone' "$(stat -c %a "$home/.local/state/signet/setup/openssl.json")" 600
# What happens while he thinks about it is not written over.
asked_home=$home
new_home
thinking() {
  at_home "$SIGNET_SOURCE/tests/lab/terminal.py" --answer y --meanwhile "$1" signetctl setup thunderbird --module "$module" --no-test
}
refuse 'a file that is changed meanwhile' 'prefs.js was changed meanwhile' thinking "echo 'user_pref(\"mine\", 1);' >>'$profile/prefs.js'"
same 'keeps what came' "$(grep -c mine "$profile/prefs.js")" 1
same 'and the module is in no list' "$(grep -c "$module" "$profile/pkcs11.txt")" 0
refuse 'Thunderbird that is started meanwhile' 'quit Thunderbird first' thinking "ln -s '127.0.1.1:+$$' '$profile/lock'"
home=$asked_home
refuse 'in JSON nobody is asked' 'nobody can be asked' setup openssl --json --undo

# --- a policy for mail alone -----------------------------------------------------------------------------------------

sed -i 's/\["smime", "csr", "digest", "cms", "raw"\]/["smime", "cms"]/' "$LAB_CONFIG/policy.d/lab.conf"
check 'a policy for mail alone' to /dev/null signetctl policy reload
mailed_home=$home
tested openssl 'openssl cms signed'
! command -v mutt >/dev/null || tested mutt "mutt's smime_sign_command signed"
! command -v modutil >/dev/null || tested thunderbird 'a signature by libsignet is good, and NSS sees the token demo'
new_home
refuse 'gnupg: says which right it lacks' 'no purpose "digest"' setup gnupg --test
[ "$who" = "$LAB_USER" ] || refuse 'p11-kit: says which right it lacks' 'no purpose "digest"' setup p11-kit --yes
home=$mailed_home

# --- no signetd ----------------------------------------------------------------------------------------------------

lab_stop signetd
refuse 'without signetd: the self-test says so' 'signetd' setup openssl --test
check 'without signetd: undone all the same' to /dev/null setup openssl --undo --yes
same 'to the byte' "$(snapshot)" "$before"
check_done
