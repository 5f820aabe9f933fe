# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # the lab's files and the scripts share these variables
# A Postfix for mx.example.org on port 25 of the script's own network, set up as docs/clients/postfix.md says, that puts mail for example.org into
# folders. Source it after server.sh.

# postfix_setup: its files, when server_begin was there.
postfix_setup() {
  local dir=$LAB/postfix/signet
  mkdir -p "$dir" "$LAB/spool" "$LAB/data" "$LAB/mail"
  chown postfix "$LAB/data"
  chown "$(lab_uid alice)" "$LAB/mail"
  client_block postfix 'names a key and holds no secret' >"$LAB/key-files.sh"
  lab_quietly sh -e "$LAB/key-files.sh"
  server_openssl_conf postfix 'openssl.cnf`, for' "$dir/openssl.cnf"
  cp "$LAB"/certificates/mx-*.pem "$dir"
  {
    client_block postfix '## main.cf'
    cat <<END
compatibility_level = 3.6
queue_directory = $LAB/spool
data_directory = $LAB/data
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
command_directory = /usr/sbin
meta_directory = /etc/postfix
maillog_file = $LAB/log/maillog
maillog_file_prefixes = $LAB
import_environment = MAIL_CONFIG LD_LIBRARY_PATH=$LAB/lib
myhostname = mx.example.org
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_tls_loglevel = 1
virtual_mailbox_domains = example.org
virtual_mailbox_base = $LAB/mail
virtual_mailbox_maps = inline:{alice@example.org=alice/}
virtual_minimum_uid = 1000
virtual_uid_maps = static:$(lab_uid alice)
virtual_gid_maps = static:$(lab_uid alice)
END
  } >"$LAB/postfix/main.cf"
  {
    client_block postfix "In \`master.cf\`"
    awk '{ print $1, $2, $3, "-", "n", "-", $4, $5 }' <<'END'
cleanup unix n 0 cleanup
qmgr unix n 1 qmgr
tlsmgr unix - 1 tlsmgr
rewrite unix - - trivial-rewrite
bounce unix - 0 bounce
defer unix - 0 bounce
trace unix - 0 bounce
error unix - - error
retry unix - - error
proxymap unix - - proxymap
anvil unix - 1 anvil
virtual unix - - virtual
postlog unix-dgram n 1 postlogd
END
  } >"$LAB/postfix/master.cf"
  lab_at_end postfix -c "$LAB/postfix" stop
  sed -i '/ virtual$/s/^\(virtual unix -\) -/\1 n/' "$LAB/postfix/master.cf"
}

# postfix_start COMMAND...: COMMAND is what goes before it, if anything.
postfix_start() {
  : >"$LAB/log/maillog"
  lab_start postfix "$LAB_USER" "$@" postfix -c "$LAB/postfix" start-fg
  client_await_server postfix 25
}

# Its master takes everything down that it started; a signal to who started it would not.
postfix_stop() {
  postfix -c "$LAB/postfix" stop >"$LAB/step.log" 2>&1
  wait "${lab_pids[postfix]}" || true
  unset 'lab_pids[postfix]'
}

# The log is part of what is shown when something fails.
postfix_said() {
  client_await grep -qE -- "$1" "$LAB/log/maillog" || { tail -n 20 "$LAB/log/maillog"; return 1; }
}
