#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A mail server that takes every mail and keeps the last one.

usage: smtp-sink.py PORT FILE

FILE appears when a mail is there whole."""
import os
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b'\r\n')

    def handle(self):
        self.say('220 sink.example.org')
        for line in self.rfile:
            verb = line.split()[0].upper() if line.split() else b''
            if verb == b'DATA':
                self.say('354 go on')
                self.keep()
                self.say('250 kept')
            elif verb == b'QUIT':
                self.say('221 bye')
                return
            else:
                self.say('250 sink.example.org')

    def keep(self):
        with open(self.server.file + '.new', 'wb') as mail:
            for line in self.rfile:
                if line == b'.\r\n':
                    break
                mail.write(line[1:] if line.startswith(b'.') else line)
        os.rename(self.server.file + '.new', self.server.file)


with socketserver.TCPServer(('127.0.0.1', int(sys.argv[1])), Session) as server:
    server.file = sys.argv[2]
    server.serve_forever()
