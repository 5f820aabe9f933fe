# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # the lab's files share their variables
# A program on a terminal that a person would sit at: keys go in, and what stands on the screen is waited for, never time. Source it after
# clients.sh; tmux holds the terminal.

screen_tmux() {
  lab_as "$screen_user" env LC_ALL=C.UTF-8 tmux -S "$LAB_RUN/$screen_user.screen/socket" -f /dev/null "$@"
}

# screen_start USER COMMAND: a line of shell, run by USER on a new terminal; when it has ended the screen says "ended with STATUS".
screen_start() {
  screen_user=$1
  [ -d "$LAB_RUN/$1.screen" ] || install -d -o "$(lab_uid "$1")" "$LAB_RUN/$1.screen"
  screen_tmux new-session -d -s screen -x 120 -y 50 "$2; echo; echo \"ended with \$?\"; exec sleep 600"
}

screen_end() {
  screen_tmux kill-server 2>/dev/null || true
}

# For lab_at_end: whichever terminals there are.
screen_end_all() {
  local socket
  for socket in "$LAB_RUN"/*.screen/socket; do
    tmux -S "$socket" kill-server
  done
}

screen_show() {
  screen_tmux capture-pane -p -t screen | grep .
}

# screen_says PATTERN: an extended regular expression.
screen_says() {
  grep -qE -- "$1" <<<"$(screen_show)"
}

# screen_await PATTERN: shows the screen that never said so.
screen_await() {
  client_await screen_says "$1" || { printf 'nothing matches "%s" on the screen:\n%s\n' "$1" "$(screen_show)"; return 1; }
}

# screen_type KEY...: as tmux names them: y, Enter, C-c...
screen_type() {
  screen_tmux send-keys -t screen "$@"
}
