#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the running signetd says of itself on the bus is what docs/org.signetd.Signet1.xml says, member by member; and the standard interfaces are there.
set -eu
# shellcheck source=tests/lab/check.sh
. "$SIGNET_SOURCE/tests/lab/check.sh"

command -v busctl >/dev/null || skip_all 'busctl is missing; install systemd'
lab_begin introspection
lab_demo "$LAB_USER"
root=/org/signetd/Signet1
document=$SIGNET_SOURCE/docs/org.signetd.Signet1.xml
read -r id _ <<<"$(key_field id)"

# introspect PATH: the answer as it came.
introspect() {
  busctl --system --xml-interface introspect "$lab_name" "$1"
}

# members INTERFACE: of the interface in the XML on standard input.
members() {
  "$SIGNET_SOURCE/tests/lab/introspection.py" "$1"
}

# agree INTERFACE PATH: the document and the object say the same.
agree() {
  same "$1 is as documented" "$(members "$1" <"$document")" "$(introspect "$2" | members "$1")"
}

agree "$lab_name.Manager" "$root"
agree "$lab_name.Key" "$root/key/$id"
agree "$lab_name.Token" "$root/token/demo"
same 'the document has these interfaces and no others' "$(sed -n 's/.*<interface name="\([^"]*\)".*/\1/p' "$document" | xargs)" \
  "$lab_name.Manager $lab_name.Key $lab_name.Token"
for interface in ObjectManager Properties Introspectable Peer; do
  check "the root has $interface" grep -q "\"org.freedesktop.DBus.$interface\"" <<<"$(introspect "$root")"
done
same 'the tree has one object for each key' "$(introspect "$root/key" | grep -c '<node name="[0-9a-f]')" 3
same 'and for each token' "$(introspect "$root/token" | sed -n 's/.*<node name="\([^"]*\)".*/\1/p')" demo
check_done
