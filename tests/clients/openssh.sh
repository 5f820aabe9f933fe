#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# ssh, ssh-keygen and ssh-agent with the module, as docs/clients/openssh.md says, against an sshd of its own that knows nothing of Signet: RSA and P-256.
set -eu
# shellcheck source=tests/clients/clients.sh
. "$SIGNET_SOURCE/tests/clients/clients.sh"
# shellcheck source=tests/clients/pkcs11.sh
. "$SIGNET_SOURCE/tests/clients/pkcs11.sh"
client_needs ssh:openssh-client ssh-agent:openssh-client sshd:openssh-server
client_network

pkcs11_begin openssh
pkcs11_page openssh '## The rule' | sed 's/token=ssh;object=%u/token=demo;object=%u-*/' | lab_config_policy
lab_signetd demo=ready
mkdir -m 1777 "$LAB/work"
cd "$LAB/work"

# --- a server, as alice and for her ----------------------------------------------------------------------------

mkdir "$LAB/ssh"
lab_quietly ssh-keygen -q -t ed25519 -N '' -f "$LAB/ssh/host"
cat >"$LAB/ssh/sshd_config" <<END
Port 2222
ListenAddress 127.0.0.1
HostKey $LAB/ssh/host
PidFile none
AuthorizedKeysFile $LAB/ssh/authorized
AuthenticationMethods publickey
UsePAM no
StrictModes no
PrintLastLog no
PrintMotd no
LogLevel VERBOSE
ForceCommand echo "this is user \$(id -u)"
END
: >"$LAB/ssh/authorized"
chown -R "$(lab_uid alice)" "$LAB/ssh"
lab_start sshd alice "$(command -v sshd)" -D -e -f "$LAB/ssh/sshd_config"
client_await_server sshd 2222
printf '[127.0.0.1]:2222 %s\n' "$(cut -d' ' -f1,2 "$LAB/ssh/host.pub")" >known_hosts

for user in alice bob; do
  mkdir -m 0700 "$LAB/home/$user/.ssh"
  {
    pkcs11_page openssh '.ssh/config' | sed 's/server.example.org/server/'
    printf '    %s\n' 'HostName 127.0.0.1' 'Port 2222' 'User alice' "UserKnownHostsFile $LAB/work/known_hosts" 'BatchMode yes' 'IdentityFile none'
  } >"$LAB/home/$user/.ssh/config"
  chown -R "$(lab_uid $user)" "$LAB/home/$user/.ssh"
done

# reaches USER [OPTION...]: that user's ssh comes to the server, as alice.
reaches() {
  local user=$1
  shift
  lab_as "$user" ssh -F "$LAB/home/$user/.ssh/config" "$@" server | grep "this is user $(lab_uid alice)"
}

# authorize KEY: the server takes this key alone.
authorize() {
  grep "$1\$" public >"$LAB/ssh/authorized"
}

# accepted TYPE: it says so itself, of the last that came.
accepted() {
  grep 'Accepted publickey' "$LAB/log/sshd" | tail -n 1 | grep -q " $1 "
}

# her_keys: as the page shows them.
her_keys() {
  lab_as alice sh -e public.sh || return 1 # ssh-keygen's 255 looks like a signal
}

pkcs11_page openssh '## The public key' | sed 's/>>.*//' >public.sh
her_keys >public 2>public.log || check_failed 'ssh-keygen -D' "$(cat public.log)"
for key in alice-rsa alice-ec; do
  check "ssh-keygen shows $key" grep -q "$key\$" public
  same "it is the key of its certificate: $key" "$(grep "$key\$" public | ssh-keygen -e -m PKCS8 -f /dev/stdin)" "$(cat "$LAB/keys/$key.pem")"
done
grep -q ed25519 public || skip 'Ed25519: this OpenSSH takes no such key from a module'

# --- ssh -------------------------------------------------------------------------------------------------------

pkcs11_watch
authorize alice-rsa
check 'alice logs in, RSA' reaches alice
check 'the server saw RSA' accepted RSA
pkcs11_calls_at_most 5 'one login'
authorize alice-ec
check 'alice logs in, P-256' reaches alice
check 'the server saw ECDSA' accepted ECDSA
refuse 'bob, who may use none of her keys, does not' 'Permission denied' reaches bob
same 'what was asked of signetd' "$(pkcs11_asked alice)" 'sign:digest'

# --- the agent -------------------------------------------------------------------------------------------------

agent=$LAB_RUN/agent
install -d -o "$(lab_uid alice)" "$agent"
lab_start agent alice ssh-agent -D -a "$agent/socket" -P "$(readlink -f "$module"),$module"
client_await test -S "$agent/socket" || lab_fail 'the agent did not start'
export SSH_AUTH_SOCK=$agent/socket
pkcs11_page openssh 'or for an agent' >add.sh
printf '#!/bin/sh\necho\n' >empty-pin
chmod 0755 empty-pin
check 'the agent takes the module, with an empty PIN' lab_as alice env SSH_ASKPASS="$LAB/work/empty-pin" SSH_ASKPASS_REQUIRE=force sh -e add.sh
check 'and has both keys' test "$(lab_as alice ssh-add -l | grep -cE 'alice-(rsa|ec) ')" -eq 2
check 'alice logs in by the agent, P-256' reaches alice -o PKCS11Provider=none
authorize alice-rsa
check 'alice logs in by the agent, RSA' reaches alice -o PKCS11Provider=none
lab_stop signetd
lab_signetd demo=ready
check 'the agent goes on when signetd started again' reaches alice -o PKCS11Provider=none

# --- without the rule ------------------------------------------------------------------------------------------

pkcs11_no_rule
refuse 'without the rule ssh has no key' 'Permission denied' reaches alice
refuse 'and the agent cannot sign' 'Permission denied' reaches alice -o PKCS11Provider=none
refuse 'ssh-keygen shows nothing' 'cannot read public key|no keys' her_keys
lab_stop agent KILL # asked to end, it says that it failed
check_done
