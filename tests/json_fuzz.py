#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# json_fuzz.py ROUNDS SEED PINS CGROUP BPFTOOL...: runs commands made at random from the grammars that "bpftool -j help"
# prints, on objects below PINS and on hostile words, and checks that each prints exactly one JSON document. Objects
# that are not below PINS are never named. $JSON_FUZZ_NEVER: commands that
# are not run, by comma; $JSON_FUZZ_SLOW: names those that take so many seconds. Prints what was wrong; status 1 then.
import json, os, random, re, subprocess, sys, tempfile, time

rounds, seed, pins, cgroup = int(sys.argv[1]), int(sys.argv[2]), os.fsencode(sys.argv[3]), os.fsencode(sys.argv[4])
tool = [os.fsencode(w) for w in sys.argv[5:]]
rnd = random.Random(seed)
work = tempfile.mkdtemp().encode()
os.chdir(work)

# These wait for events, and end by SIGINT.
LIVE = ("prog tracelog", "prog profile", "map event_pipe", "map watch", "top", "watch")
# No JSON is promised, or they are not about objects; or they end processes that they do not know.
NEVER = ["quit", "exit", "set", "source", "batch file", "asm"] + os.environ.get("JSON_FUZZ_NEVER", "").split(",")

HOSTILE = [b"", b"x", b'"', b"\\", b"\n", b"\t", b"\x01\x1f\x7f", b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
           b"\xe2\x80\xa8", b"'", b"{}", b"[1,", b"null", b"-1", b"-", b"--", b"0x", b"1e999", b"4294967296", b"18446744073709551616",
           b"%s%n%d", b"a" * 300, b"../../..", b"/dev/null", b"/dev/full", b"/proc/self/mem", b"id", b"name", b"key", b"value", b"hex",
           "\u00e9\u4e16\U0001f600".encode(), b"\xe2\x80\xae", b"</script>", b"\x1b[31m", b"nan", b"{\"a\":1}"]

def junk():
    if rnd.random() < 0.7:
        return rnd.choice(HOSTILE)
    return bytes(rnd.randrange(1, 256) for _ in range(rnd.randrange(1, 12)))

def run(argv, limit=20):
    if limit < 20:
        argv = [b"timeout", b"-s", b"INT", b"-k", b"15", str(limit).encode()] + argv
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

def pin_paths():
    found = []
    for base, _, files in os.walk(pins):
        found += [os.path.join(base, f) for f in files]
    return found or [pins + b"/none"]

def own(kind):
    """A handle of an object below PINS, by pin or by id, or of none."""
    p = rnd.choice(pin_paths())
    if rnd.random() < 0.5:
        return [b"pinned", p]
    if rnd.random() < 0.3:
        return [rnd.choice([b"id", b"name", b"tag", b"pinned"]), junk()] if rnd.random() < 0.5 else [b"id", b"4294967295"]
    out = run(tool + [b"-j", kind, b"show", b"pinned", p]).stdout
    try:
        return [b"id", str(json.loads(out)["id"]).encode()]
    except (ValueError, KeyError, TypeError):
        return [b"pinned", p]

files = []
for i, text in enumerate([b"", b"{", b"[]", b"\x7fELF", b'[{"key":["0x01"],"value":["0x02"]}]', bytes(range(256)) * 8]):
    name = work + b"/f%d" % i
    with open(name, "wb") as f:
        f.write(text)
    files.append(name)

def pin_place():
    # rarely a pin of its own, or all of them would soon be pins
    return pins + b"/" + (junk().replace(b"/", b"_").replace(b"\0", b"")[:100] or b"n") if rnd.random() < 0.5 else pins + b"/no/such"

def placeholder(name):
    if name in ("PROG", "MAP", "LINK"):
        return own({"PROG": b"prog", "MAP": b"map", "LINK": b"link"}[name])
    if name == "VALUE" and rnd.random() < 0.3:
        return own(b"map")
    if name in ("DATA", "VALUE"):
        return [rnd.choice([b"0", b"1", b"255", b"256", b"7", junk()]) for _ in range(rnd.choice([1, 1, 4, 8]))]
    if name in ("FILE", "OBJ", "FILES"):
        return [rnd.choice(files + [junk(), work + b"/new"])]
    if name in ("PATH", "DIR"):
        return [pin_place()]
    if name == "DEVICE":
        return [rnd.choice([b"lo", junk()])]
    if name == "CGROUP":
        return [rnd.choice([cgroup, junk()])]
    if name.endswith("_ID"):
        return [b"4294967295"]
    return [rnd.choice([junk(), b"1", b"4", b"8", b"hash", b"array"])]

class Grammar:
    def __init__(self, text):
        self.t = re.findall(r"\.\.\.|[\[\]{}|]|[^\s\[\]{}|]+", text)
        self.i = 0

    def choice(self):
        ways = [self.sequence()]
        while self.i < len(self.t) and self.t[self.i] == "|":
            self.i += 1
            ways.append(self.sequence())
        return ("choice", ways)

    def sequence(self):
        items = []
        while self.i < len(self.t) and self.t[self.i] not in "]}|":
            t = self.t[self.i]
            self.i += 1
            if t in "[{":
                item = self.choice()
                self.i += 1
                if t == "[":
                    item = ("maybe", item)
            elif t == "...":
                items[-1] = ("many", items[-1])
                continue
            else:
                item = ("word", t)
            items.append(item)
        return ("sequence", items)

def make(g):
    kind, x = g
    if kind == "choice":
        return make(rnd.choice(x))
    if kind == "sequence":
        return [w for item in x for w in make(item)]
    if kind == "maybe":
        return make(x) if rnd.random() < 0.5 else []
    if kind == "many":
        return [w for _ in range(rnd.choice([1, 1, 2])) for w in make(x)]
    if x[0].isupper():
        return placeholder(x)
    return [x.encode()]

rows = [(r["command"], Grammar(r["args"]).choice()) for r in json.loads(run(tool + [b"-j", b"help"]).stdout)
        if r["command"] not in NEVER]

def strict(out):
    def no(c):
        raise ValueError("%s is no JSON" % c)
    text = out.decode("utf-8", "strict")
    if not text.endswith("\n"):
        raise ValueError("no newline at the end")
    return json.loads(text, parse_constant=no)

bad = 0
good = []
def check(argv, live):
    global bad
    try:
        before = time.time()
        r = run(argv, 0.3 if live else 20)
        if os.environ.get("JSON_FUZZ_SLOW") and time.time() - before > float(os.environ["JSON_FUZZ_SLOW"]):
            print("%.1f s: %r" % (time.time() - before, argv))
        why = None
        if r.returncode < 0 or r.returncode > 4 and not (live and r.returncode in (124, 130)):
            why = "status %d" % r.returncode
        elif live == "many":
            for line in r.stdout.splitlines(True):
                strict(line)
        else:
            strict(r.stdout)
            good.append(r.stdout)
        if not why and b"runtime error" in r.stderr or b"Sanitizer" in r.stderr:
            why = "sanitizer"
    except ValueError as e:
        why = str(e)
    except subprocess.TimeoutExpired:
        why = "it did not end"
    if why:
        bad += 1
        print("%s: %r\n  stdout %r\n  stderr %r" % (why, argv[len(tool):], r.stdout[-600:] if why != "it did not end" else b"",
                                                  r.stderr[-300:] if why != "it did not end" else b""))

for n in range(rounds):
    path, g = rows[n % len(rows)]
    argv = tool + rnd.choice([[b"-j"], [b"-j"], [b"-p"], [b"-jf"], [b"-jp"]])
    if path.split()[0] in ("watch",):
        argv += [b"watch", b"100ms", b"version"]
        check([w for w in argv if w not in (b"-p", b"-jp")] + ([b"-j"] if b"-p" in argv or b"-jp" in argv else []), "many")
        continue
    live = path.startswith(LIVE)
    if live and n >= len(rows):
        continue # each takes a second
    words = [w.encode() for w in path.split()] + make(g)
    if rnd.random() < 0.15: # something is wrong with the line
        at = rnd.randrange(len(words) + 1)
        words[at:at] = [junk()]
    # what looks like an option may be one that writes elsewhere
    words = [w.replace(b"\0", b"") for w in words]
    check(argv + [b"--"] + words if rnd.random() < 0.5 else argv + [w for w in words if not w.startswith(b"--")], live)

# the same documents by another reader
jq = subprocess.run(["jq", "-c", "type"], input=b"".join(good), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
if jq.returncode or len(jq.stdout.splitlines()) != len(good):
    bad += 1
    print("jq: %d documents of %d: %r" % (len(jq.stdout.splitlines()), len(good), jq.stderr))
print("%d commands, %d documents, %d bad" % (rounds, len(good), bad))
subprocess.run(["rm", "-rf", work])
sys.exit(bad != 0)
