#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# ontty.py COMMAND... <SCRIPT: runs a command on a terminal of its own. Lines of the script:
#   expect TEXT   waits until TEXT has been shown since the last expect
#   send TEXT     types it; \n \t and \x03 as in C
#   none TEXT     TEXT has not been shown since the last expect
# All that was shown goes to stdout. Status: the command's; 99: something did not come within 10 seconds.
import codecs, os, pty, select, sys, time

pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

shown = b""
at = 0

def read(until):
    global shown
    ready, _, _ = select.select([fd], [], [], max(0, until - time.time()))
    if not ready:
        return False
    try:
        data = os.read(fd, 65536)
    except OSError:
        return False
    shown += data
    return bool(data)

def fail(what):
    sys.stdout.buffer.write(shown)
    print("\nontty.py: %s" % what)
    sys.exit(99)

for line in sys.stdin:
    verb, _, text = line.rstrip("\n").partition(" ")
    if not verb or verb.startswith("#"):
        continue
    text = codecs.decode(text, "unicode_escape").encode("latin-1")
    if verb == "send":
        os.write(fd, text)
    elif verb == "expect":
        end = time.time() + 10
        while text not in shown[at:]:
            if not read(end):
                fail("no %r" % text)
        at = shown.index(text, at) + len(text)
    elif verb == "none":
        if text in shown[at:]:
            fail("there is %r" % text)
    else:
        fail("'%s' is no verb" % verb)
end = time.time() + 10
while read(end):
    pass
sys.stdout.buffer.write(shown)
os.close(fd)  # who still runs loses the terminal
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
