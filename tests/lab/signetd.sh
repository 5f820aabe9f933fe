# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab.sh and its other files share these variables
# A lab's bus, and signetd on it with its configuration. Sourced by lab.sh.

lab_name=org.signetd.Signet1

# A bus like the system's: what others may do there stands in the project's own bus policy alone.
lab_bus() {
  local policy=$SIGNET_SOURCE/systemd/$lab_name.conf address
  cat >"$LAB/bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
  "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=$LAB_RUN/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <include>$policy</include>
  <policy user="$LAB_DAEMON_USER"><allow own="$lab_name"/></policy>
  <policy user="$LAB_USER">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
</busconfig>
END
  mkfifo "$LAB/bus.address"
  lab_start bus "$LAB_USER" sh -c "exec dbus-daemon --config-file='$LAB/bus.conf' --nofork --nopidfile --print-address=3 \
    3>'$LAB/bus.address'"
  read -r -t "$lab_patience" address <"$LAB/bus.address" || lab_fail "the bus did not start: $(cat "$LAB/log/bus")"
  export DBUS_SYSTEM_BUS_ADDRESS=$address
}

# signetd's configuration, with no token and no rule yet; $LAB_CONFIG/signetd.conf may be added to.
lab_config() {
  LAB_CONFIG=$LAB/signetd
  mkdir -p "$LAB_CONFIG/tokens.d" "$LAB_CONFIG/policy.d" "$LAB/audit" "$LAB_RUN/signetd"
  printf '%s\n' "audit-file = \"$LAB/audit/audit.log\"" "runtime-dir = \"$LAB_RUN/signetd\"" \
    "worker = \"$LAB/bin/signet-worker\"" >"$LAB_CONFIG/signetd.conf"
}

# lab_config_token NAME [LINE...]: a token of SoftHSM's with the label NAME and its PIN in a file; lines are added to its file.
lab_config_token() {
  local name=$1
  shift
  (umask 077 && printf '%s\n' "$lab_pin" >"$LAB_CONFIG/$name.pin")
  printf '%s\n' "module = \"$LAB_MODULE\"" "label = \"$name\"" "pin-file = \"$LAB_CONFIG/$name.pin\"" "$@" \
    >"$LAB_CONFIG/tokens.d/$name.conf"
}

# lab_config_policy: the rules on standard input, in place of those there were.
lab_config_policy() {
  cat >"$LAB_CONFIG/policy.d/lab.conf"
  lab_own "$LAB_CONFIG/policy.d/lab.conf"
}

# Hands files that signetd reads or writes to the user it runs as.
lab_own() {
  [ "$LAB_DAEMON_USER" = "$LAB_USER" ] || chown -R "$(lab_uid "$LAB_DAEMON_USER")" "$@"
}

# lab_signetd [TOKEN=STATE...]: starts signetd and waits until it is on the bus and the tokens are in these states.
lab_signetd() {
  lab_own "$LAB/softhsm" "$LAB_CONFIG" "$LAB/audit" "$LAB_RUN/signetd"
  lab_start signetd "$LAB_DAEMON_USER" "$LAB/bin/signetd" --address "$DBUS_SYSTEM_BUS_ADDRESS" --config "$LAB_CONFIG"
  lab_await "$@" || lab_fail "signetd did not come up: $(cat "$LAB/log/signetd")"
}

# lab_await [TOKEN=STATE...]: waits for signetd that runs already.
lab_await() {
  "$SIGNET_BUILD/tests/lab/await" "$lab_patience" "${lab_pids[signetd]}" "$lab_name" "$@"
}

# lab_demo_policy USER: USER may use the keys called alice-*, bob those called bob-*; nobody else anything.
lab_demo_policy() {
  lab_config_policy <<END
alice-keys: {
    user      = "$1"
    key       = "pkcs11:token=demo;object=alice-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "digest", "cms", "raw"]
    effect    = "allow"
}

bob-keys: {
    user      = "bob"
    key       = "pkcs11:token=demo;object=bob-*"
    operation = ["sign", "decrypt"]
    purpose   = ["smime", "csr", "digest", "cms", "raw"]
    effect    = "allow"
}
END
}

# lab_demo USER: all of the above for the token "demo", running; USER may use alice's keys. Work goes on in $LAB/work.
lab_demo() {
  lab_demo_token
  lab_bus
  lab_config
  lab_config_token demo
  lab_demo_policy "$1"
  lab_signetd demo=ready
  mkdir -m 1777 "$LAB/work"
}
