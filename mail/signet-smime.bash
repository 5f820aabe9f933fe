# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of signet-smime's command line in bash. Options are taken from the program's own help, keys from signetctl.

# _signet_smime_words: the lines of standard input that continue the word, less what bash keeps of it itself ("@" and ":" part words
# for bash), with backslashes before what means something to a shell.
_signet_smime_words() {
  local candidate
  while read -r candidate; do
    if [[ $candidate == "$word"* ]]; then
      printf -v candidate '%q' "${candidate#"$before"}"
      COMPREPLY+=("$candidate")
    fi
  done
}

_signet_smime() {
  local line=${COMP_LINE:0:COMP_POINT} current=${COMP_WORDS[COMP_CWORD]} word before previous command=${COMP_WORDS[1]-}
  local -a words
  read -ra words <<<"$line"
  case $line in
    *[[:space:]]) words+=('') ;;
  esac
  word=${words[-1]}
  previous=${words[-2]-}
  case $current in
    *[!"$COMP_WORDBREAKS"]*) before=${word%"$current"} ;;
    *) before=$word ;;
  esac
  word=${word//\\/}
  before=${before//\\/}

  COMPREPLY=()
  if [ "${#words[@]}" -le 2 ]; then
    _signet_smime_words < <(printf '%s\n' sign encrypt decrypt verify --help --version -sign -encrypt -decrypt -verify -pk7out -help)
    return
  fi
  case $previous in
    --digest | -md) _signet_smime_words < <(printf '%s\n' sha256 sha384 sha512) ;;
    --cipher) _signet_smime_words < <(printf '%s\n' aes-256-cbc aes-128-cbc aes-256-gcm aes-128-gcm) ;;
    -inform | -outform) _signet_smime_words < <(printf '%s\n' SMIME DER PEM) ;;
    -passin) COMPREPLY=(stdin) ;;
    --key | -inkey | --from)
      _signet_smime_words < <(signetctl complete -- sign --key "$word" 2>/dev/null)
      [ "$previous" = --from ] || compopt -o default
      ;;
    --to | --address | -address | -from | -to | -subject | -purpose | -keyopt) ;;
    *)
      case $word:$command in
        -*:-*) _signet_smime_words < <(signet-smime -help | grep -oE -- '-[A-Za-z][A-Za-z0-9-]*' | sort -u) ;;
        -*) _signet_smime_words < <(signet-smime "$command" --help | grep -oE -- '--[a-z][a-z-]*' | sort -u) ;;
        *) compopt -o default ;;
      esac
      ;;
  esac
}

complete -F _signet_smime signet-smime
