#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program asked of a PKCS#11 module and what it was told, from a log of OpenSC's pkcs11-spy.

usage: spy.py LOG [RULE...]

Prints a line for each function and return value with their number, and for attributes that were refused which ones. Fails when
a return value is neither CKR_OK nor allowed, when a bound is passed, or when the log does not end in C_Finalize. Rules:

  FUNCTION=CKR_NAME[,CKR_NAME...]   allowed besides CKR_OK; CKR_BUFFER_TOO_SMALL always is, to ask for a length
  FUNCTION<=NUMBER                  at most as many calls; "all" for all functions together
  FUNCTION>=NUMBER                  at least as many: the trace shows what it is to show
  unfinished                        a program that ends without C_Finalize
"""
import collections
import re
import sys

CALL = re.compile(r'^\d+: (C_\w+)$')
RETURNED = re.compile(r'^Returned:\s+(\d+)\s+(\S+)')
REFUSED = re.compile(r'^\s*(CKA_\w+|\(0x[0-9a-f]+\))\s.*\s-1$|^\s*(CKA_\w+).*ulValueLen\s*=\s*-1')


def read(path):
    """The calls in order: (function, return value, lines between)."""
    calls, function, lines = [], None, []
    with open(path, encoding='latin-1') as log:
        for line in log:
            line = line.rstrip('\n')
            called, returned = CALL.match(line), RETURNED.match(line)
            if called:
                if function:
                    calls.append((function, 'nothing', lines))
                function, lines = called.group(1), []
            elif returned and function:
                calls.append((function, returned.group(2), lines))
                function = None
            elif function:
                lines.append(line)
    if function:
        calls.append((function, 'nothing', lines))
    return calls


def refused_attributes(calls):
    """How often each attribute had no value to give, where an attribute was asked for in vain."""
    found = collections.Counter()
    for function, rv, lines in calls:
        if function == 'C_GetAttributeValue' and rv in ('CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE'):
            for line in lines:
                match = REFUSED.match(line)
                if match:
                    found[match.group(1) or match.group(2)] += 1
    return found


def judge(calls, rules):
    """Sentences about what is wrong."""
    allowed, faults, finished = collections.defaultdict(lambda: {'CKR_OK', 'CKR_BUFFER_TOO_SMALL'}), [], True
    counts = collections.Counter(function for function, _, _ in calls)
    counts['all'] = len(calls)
    for rule in rules:
        match = re.fullmatch(r'(\w+)(<=|>=|=)(\S+)', rule)
        if rule == 'unfinished':
            finished = False
        elif not match:
            sys.exit(f'spy.py: what is "{rule}"?')
        elif match[2] == '=':
            allowed[match[1]] |= set(match[3].split(','))
        elif match[2] == '<=' and counts[match[1]] > int(match[3]):
            faults.append(f'{match[1]} was called {counts[match[1]]} times, more than {match[3]}')
        elif match[2] == '>=' and counts[match[1]] < int(match[3]):
            faults.append(f'{match[1]} was called {counts[match[1]]} times, less than {match[3]}')
    for (function, rv), number in sorted(collections.Counter((f, r) for f, r, _ in calls).items()):
        if rv not in allowed[function]:
            faults.append(f'{function} returned {rv} {number} times')
    if finished and (not calls or calls[-1][:2] != ('C_Finalize', 'CKR_OK')):
        faults.append('the log does not end with C_Finalize')
    return faults


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    calls = read(sys.argv[1])
    for (function, rv), number in sorted(collections.Counter((f, r) for f, r, _ in calls).items()):
        print(f'{number:6} {function} {rv}')
    for attribute, number in refused_attributes(calls).most_common():
        print(f'{number:6} {attribute} has no value')
    faults = judge(calls, sys.argv[2:])
    for fault in faults:
        print(f'spy.py: {fault}', file=sys.stderr)
    sys.exit(1 if faults else 0)


main()
