# SPDX-License-Identifier: LGPL-2.1-or-later
"""Marionette, the port by which Mozilla's programs are driven: each message is its length, a colon, and JSON; a command is [0, id, name, parameters],
its answer [1, id, error, result]. Scripts run with the program's own rights, beside its windows."""
import json
import socket
import time


class MarionetteError(Exception):
    pass


class Marionette:
    """A session with the program on this port of the loopback; waits until it is there."""

    def __init__(self, port=2828, patience=60):
        deadline = time.monotonic() + patience
        while True:
            try:
                self.socket = socket.create_connection(('127.0.0.1', port))
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self.socket.settimeout(patience * 3)
        self.reader = self.socket.makefile('rb')
        self.number = 0
        self._receive()  # who it is
        self.call('WebDriver:NewSession', capabilities={'alwaysMatch': {'unhandledPromptBehavior': 'ignore'}})
        self.call('WebDriver:SetTimeouts', script=patience * 2000)
        self.call('Marionette:SetContext', value='chrome')

    def _receive(self):
        size = b''
        while not size.endswith(b':'):
            byte = self.reader.read(1)
            if not byte:
                raise MarionetteError('the program has gone')
            size += byte
        return json.loads(self.reader.read(int(size[:-1])))

    def call(self, name, **parameters):
        self.number += 1
        text = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(b'%d:%s' % (len(text), text))
        while True:
            _, number, error, result = self._receive()
            if number != self.number:
                continue
            if error:
                raise MarionetteError(f"{error['error']}: {error['message']}\n{error.get('stacktrace', '')}")
            return result

    def run(self, script, *arguments):
        """The value that the script hands to its last argument, a function."""
        return self.call('WebDriver:ExecuteAsyncScript', script=script, args=list(arguments), sandbox='system', newSandbox=True)['value']

    def close(self):
        self.call('WebDriver:DeleteSession')
        self.socket.close()
