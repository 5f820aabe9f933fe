# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # lab.sh and its other files share these variables
# A lab's users. As root there are signetd, alice, bob and carol, with uids of their own, for whom libnss-wrapper makes up the user database; signetd runs
# as the first. Without root everything runs as the one user there is, and lab_has_users says no. Sourced by lab.sh.

lab_wrapper=() # before a command: the lab's users exist for it

# Whether there are other users to be: only root can become them.
lab_has_users() {
  [ "$(id -u)" -eq 0 ]
}

lab_users() {
  LAB_USER=$(id -un) # who calls
  LAB_DAEMON_USER=$LAB_USER
  lab_has_users || return 0
  local preload user uid=59000
  preload=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  [ -n "$preload" ] || lab_fail 'libnss_wrapper.so is missing; install libnss-wrapper'
  cp /etc/passwd "$LAB/passwd"
  cp /etc/group "$LAB/group"
  for user in signetd alice bob carol; do
    uid=$((uid + 1))
    mkdir -p "$LAB/home/$user"
    chown "$uid:$uid" "$LAB/home/$user"
    sed -i "/^$user:/d" "$LAB/passwd" "$LAB/group"
    printf '%s:x:%d:%d::%s:/bin/sh\n' "$user" "$uid" "$uid" "$LAB/home/$user" >>"$LAB/passwd"
    printf '%s:x:%d:\n' "$user" "$uid" >>"$LAB/group"
  done
  LAB_DAEMON_USER=signetd
  lab_wrapper=(env "LD_PRELOAD=$preload${LD_PRELOAD:+:$LD_PRELOAD}" "NSS_WRAPPER_PASSWD=$LAB/passwd"
    "NSS_WRAPPER_GROUP=$LAB/group")
}

# lab_uid USER: the user's number.
lab_uid() {
  "${lab_wrapper[@]}" id -u "$1"
}

# lab_become USER: sets the array lab_become to what goes before a command that USER is to run.
lab_become() {
  lab_become=("${lab_wrapper[@]}")
  [ "$1" != "$LAB_USER" ] || return 0
  local uid home
  uid=$(lab_uid "$1")
  home=$("${lab_wrapper[@]}" getent passwd "$1" | cut -d: -f6)
  lab_become+=("HOME=$home" "USER=$1" setpriv --reuid "$uid" --regid "$uid" --init-groups --)
}

# A program "as USER COMMAND..." in $LAB/bin, for people. The assembler has the same name: compilers call it with an option first, and get it.
lab_as_program() {
  lab_has_users || return 0
  cat >"$LAB/bin/as" <<END
#!/bin/bash
case \${1-} in
  '') echo 'usage: as USER COMMAND...' >&2; exit 2 ;;
  -*) PATH=\${PATH//'$LAB/bin:'/}; exec as "\$@" ;;
esac
SIGNET_SOURCE='$SIGNET_SOURCE' SIGNET_BUILD='$SIGNET_BUILD' LAB='$LAB' LAB_USER='$LAB_USER'
. "\$SIGNET_SOURCE/tests/lab/lab.sh"
$(declare -p lab_wrapper)
lab_uid "\$1" >/dev/null 2>&1 || { echo "as: there is no user \$1 here" >&2; exit 2; }
lab_become "\$1"
shift
exec "\${lab_become[@]}" "\$@"
END
  chmod 0755 "$LAB/bin/as"
}

# lab_as USER COMMAND...: as somebody else, with nothing left of root; as the one who calls it just runs.
lab_as() {
  lab_become "$1"
  shift
  "${lab_become[@]}" "$@"
}
