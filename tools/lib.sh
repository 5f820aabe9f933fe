# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What the commands in tools/ share: the Debian packages, the build, words for people. Source it.
# It installs with apt what tools/packages lists and this machine lacks, and writes nowhere but below build/.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() {
  printf '%s\n' "$*" >&2
}

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# packages_of GROUP...: the packages that tools/packages lists for these groups.
packages_of() {
  awk -v groups="$*" '
    BEGIN { n = split(groups, g, " "); for (i = 1; i <= n; i++) wanted[g[i]] = 1 }
    !/^#/ && ($1 in wanted) { for (i = 2; i <= NF; i++) print $i }' "$top/tools/packages"
}

# packages_missing PACKAGE...: those that are not installed. dpkg-query complains about unknown ones: that is an answer too.
packages_missing() {
  local installed p
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    awk '$1 == "installed" { printf "%s ", $2 }')"
  for p in "$@"; do
    case "$installed" in *" $p "*) ;; *) printf '%s ' "$p" ;; esac
  done
}

# install_packages GROUP...: what is missing, by apt; says so first. Nothing to do is quick and silent.
install_packages() {
  local -a wanted missing as_root=()
  command -v dpkg-query >/dev/null || die 'this is not a Debian system; install what tools/packages lists by hand'
  mapfile -t wanted < <(packages_of "$@")
  read -ra missing <<<"$(packages_missing "${wanted[@]}")"
  [ ${#missing[@]} -gt 0 ] || return 0

  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      die "these Debian packages are missing, and there is no sudo to install them with; as root, run:
  apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing Debian packages: ${missing[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive)

  # Package lists that are missing or old are fetched first, or when the archive no longer has what they name.
  if ! apt-get install --simulate -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -qq >&2 || die 'apt-get update failed'
  elif "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2; then
    return 0
  else
    "${as_root[@]}" apt-get update -qq >&2 || die 'apt-get update failed'
  fi
  "${as_root[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2 ||
    die "apt-get could not install: ${missing[*]}"
}

# install_clients GROUP...: what is missing, as root only. A package that apt does not find, or that would replace one that is installed (another mail
# server, say), is left out and named: the tests that need it skip themselves. No service is started.
install_clients() {
  local -a wanted missing
  local apt=(env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 apt-get) package
  mapfile -t wanted < <(packages_of "$@")
  read -ra missing <<<"$(packages_missing "${wanted[@]}")"
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "Not root, so these Debian packages stay missing: ${missing[*]}"
    return 0
  fi
  say "Installing Debian packages: ${missing[*]}"
  "${apt[@]}" update -qq >&2 || say 'apt-get update failed'
  apt+=(install -qq -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300)
  ! "${apt[@]}" "${missing[@]}" >&2 || return 0
  for package in "${missing[@]}"; do
    "${apt[@]}" "$package" >&2 || say "Left out: $package"
  done
}

# build_tree DIRECTORY [MESON-OPTION...]: configures DIRECTORY, with these options, and builds it. Output goes to DIRECTORY/build.log and is
# shown when something is wrong. Two at a time wait for each other.
build_tree() {
  local directory=$1 options
  shift
  options="$*"
  mkdir -p "$directory" 2>/dev/null || true
  [ -w "$directory" ] ||
    die "cannot write to $directory: it belongs to another user; remove it, or work in a clone of your own"
  (
    flock 9
    cd "$top"
    if [ ! -f "$directory/build.ninja" ]; then
      say "Building in ${directory#"$top/"} (about a minute)"
      build_step meson setup "$@" "$directory"
    elif [ "$options" != "$(cat "$directory/.options" 2>/dev/null)" ] && [ -n "$options" ]; then
      build_step meson configure "$@" "$directory"
    fi
    [ -z "$options" ] || printf '%s\n' "$options" >"$directory/.options"
    build_step ninja -C "$directory"
  ) 9>"$directory/.lock" || exit 1
}

build_step() {
  "$@" >"$directory/build.log" 2>&1 && return 0
  tail -n 40 "$directory/build.log" >&2
  die "this failed: $*"
}
