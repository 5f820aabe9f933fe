#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command on a terminal of its own, of 80 columns, and prints what a person would see there.

usage: terminal.py [--type TEXT | --answer TEXT [--meanwhile SCRIPT]] COMMAND...

--type: when the command has turned the terminal's echo off, types TEXT and the return key (or, for ^C, interrupts), and adds a line "echo: off"
or "echo: on" for how the terminal was before and one for how it was left. --answer: when "[y/N] " stands there, types TEXT and the return key, after
SCRIPT, for the shell, has run. The status is the command's, 128 + N when signal N ended it."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time


def echo(fd):
    return 'on' if termios.tcgetattr(fd)[3] & termios.ECHO else 'off'


def main():
    arguments, text, answer, meanwhile = sys.argv[1:], None, None, 'true'
    if arguments[0] == '--answer':
        answer, arguments = arguments[1], arguments[2:]
    if arguments[0] == '--meanwhile':
        meanwhile, arguments = arguments[1], arguments[2:]
    if arguments[0] == '--type':
        text, arguments = arguments[1], arguments[2:]
    pid, master = pty.fork()
    if pid == 0:
        os.execvp(arguments[0], arguments)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    states, seen, deadline = [], b'', time.monotonic() + 60
    while time.monotonic() < deadline:
        if text is not None and not states and echo(master) == 'off' and b': ' in seen:
            states.append('off')
            os.write(master, b'\x03' if text == '^C' else text.encode() + b'\n')
        if answer is not None and b'[y/N] ' in seen:
            subprocess.run(meanwhile, shell=True, check=True)
            os.write(master, answer.encode() + b'\n')
            answer = None
        if not select.select([master], [], [], 0.02)[0]:
            continue
        if text is not None and states:
            states[1:] = [echo(master)]
        try:
            data = os.read(master, 4096)
        except OSError:
            break
        if not data:
            break
        seen += data
    else:
        os.kill(pid, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print(seen.decode(errors='replace').replace('\r\n', '\n'), end='')
    for state in states:
        print('echo:', state)
    sys.exit(128 - status if status < 0 else status)


main()
