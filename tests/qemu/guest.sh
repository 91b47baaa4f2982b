# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The tests inside the guest, for busybox's shell; prints TAP. Everything runs as root on a kernel
# with kprobes, one CPU, nothing else going on.
#
#   sh guest.sh            all tests
#   sh guest.sh FUNCTION   one, its output as it comes

tests=/tests
limit=150 # seconds a test

# count_is ATTACHMENT ELEMENT WANT [OPTION...]: what "target 5" leaves in counts while attached
count_is()
{
	attach=$1
	element=$2
	want=$3
	shift 3
	bpf-ld "$@" --attach "$attach" --pin /sys/fs/bpf/t attach.o -- target 5
	got=$(value /sys/fs/bpf/t/counts "$element")
	rm -r /sys/fs/bpf/t
	if [ "$got" != "$want" ]; then
		echo "counts[$element] is $got, not $want"
		return 1
	fi
}

# value PIN ELEMENT: the number in an element of a pinned array
value()
{
	bpftool -j map lookup pinned "$1" key "$2" 0 0 0 | sed -n 's/.*"value":\([0-9]*\).*/\1/p'
}

assembles()
{
	bpf-as $tests/attach.s
	bpf-as $tests/refused.s
	test -s attach.o
}

call=__x64_sys_sched_get_priority_max

kprobe() { count_is "kprobe:$call=on_kprobe" 0 5; }
kretprobe() { count_is "kretprobe:$call=on_kretprobe" 1 495; }
tracepoint() { count_is "tracepoint:syscalls:sys_enter_sched_get_priority_max=on_tracepoint" 2 5; }
raw_tp() { count_is "raw_tp:sys_enter=on_raw_tp" 3 5; }
uprobe() { count_is "uprobe:/bin/target:uprobe_me=on_uprobe" 4 10; }
uretprobe() { count_is "uretprobe:/bin/target:uprobe_me=on_uretprobe" 5 15; }

demo_kretprobe()
{
	sh /examples/demo.sh /bin | tee demo.out
	grep -q 'Events: kretprobe:__alloc_skb' demo.out
	grep -q '0  tcp: 4 MiB' demo.out
	grep -q '50, 30, 0: every count was right' demo.out
}

# function, name
all='
assembles		assemble in the guest
kprobe			kprobe counts 5 calls
kretprobe		kretprobe adds 5 return values
tracepoint		tracepoint counts 5 calls
raw_tp			raw tracepoint counts 5 calls
uprobe			uprobe adds 5 arguments
uretprobe		uretprobe adds 5 return values
demo_kretprobe		the leak check: 50, 30, 0, and 0 after TCP
'

if [ $# = 1 ]; then
	set -e
	"$1"
	exit
fi
n=0
echo "$all" >/tmp/all
while read -r function name; do
	[ -n "$function" ] || continue
	n=$((n + 1))
	if timeout $limit sh "$0" "$function" >/tmp/log 2>&1 </dev/null; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		tail -n 25 /tmp/log | sed 's/^/# /'
	fi
done </tmp/all
echo "1..$n"
