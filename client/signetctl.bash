# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of signetctl's command line in bash: signetctl itself says what could stand next.

_signetctl() {
  local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} raw word before candidate
  local -a words candidates

  # bash parts words at characters such as "@", ":" and "=", which names of keys have. So part at blanks instead, and give
  # back only what comes behind the part of the word that bash takes for finished.
  read -ra words <<<"$line"
  case $line in
    *[[:space:]]) words+=('') ;;
  esac
  raw=${words[-1]}
  case $current in
    *[!"$COMP_WORDBREAKS"]*) before=${raw%"$current"} ;;
    *) before=$raw ;;
  esac
  word=${raw//\\/}
  before=${before//\\/}
  words[-1]=$word

  COMPREPLY=()
  mapfile -t candidates < <(signetctl complete -- "${words[@]:1}" 2>/dev/null)
  for candidate in "${candidates[@]}"; do
    if [[ $candidate == @files ]]; then
      compopt -o default
    elif [[ $candidate == "$word"* ]]; then
      printf -v candidate '%q' "${candidate#"$before"}"
      COMPREPLY+=("$candidate")
    fi
  done
}

complete -F _signetctl signetctl
