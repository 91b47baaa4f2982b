#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: tracing hooks, each fired for real and counted by a map. What this kernel lacks is tested by tests/qemu.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	TARGET=$BUILDDIR/tests/qemu/target
	[ -x "$TARGET" ] || make -s -C "$BUILDDIR" tests/qemu/target
}

teardown()
{
	drop_pins
}

need_kernel_btf() { need_file /sys/kernel/btf/vmlinux; }

# count_s SECTION [BODY]: c.o, whose program "count" adds the r6 that BODY leaves (1 without one) to counts[0]
count_s()
{
	cat >c.s <<-END
	.license "GPL"
	.map	counts, array, key=u32, value=u64, max_entries=1
	.section "$1"
	count:	r6 = 1
	${2:-}
		*(u32 *)(r10 - 4) = 0
		r2 = r10
		r2 += -4
		r1 = counts ll
		call bpf_map_lookup_elem
		if r0 == 0 goto 9f
		lock *(u64 *)(r0 + 0) += r6
	9:	r0 = 0
		exit
	END
	$BPF_AS c.s
}

# counted WANT ARG... [-- COMMAND]: what counts[0] holds in the end
counted()
{
	local want=$1
	shift
	run -0 --separate-stderr $BPF_LD --watch counts=1h "$@"
	run -0 awk '$1 == 0 { print $2 }' <<<"$output"
	assert_output "$want"
}

# The number of the system call that TARGET makes is of x86-64.
only_target=$'r2 = *(u64 *)(r1 + 8)\n\tif r2 == 146 goto 1f\n\tr6 = 0\n1:'

need_x86() { [ "$(uname -m)" = x86_64 ] || skip "needs x86-64: the system call's number is of it"; }

# ---------------------------------------------------------------- by type information

@test "tp_btf, by the section and by --attach" {
	need_native
	need_kernel_btf
	need_x86
	count_s tp_btf/sys_enter "$only_target"
	counted 5 c.o -- "$TARGET" 5
	counted 4 --attach tp_btf:sys_enter c.o -- "$TARGET" 4
	count_s tp_btf "$only_target"
	counted 3 --attach tp_btf:sys_enter=count c.o -- "$TARGET" 3
}

@test "tp_btf: one program on two tracepoints is loaded for each" {
	need_native
	need_kernel_btf
	need_cmd jq
	count_s tp_btf
	run -0 $BPF_LD --dry-run --attach tp_btf:sched_process_exec=count --attach tp_btf:sched_process_exit=count c.o
	assert_line 'find tp_btf:sched_process_exec in type information'
	assert_line 'find tp_btf:sched_process_exit in type information'
	run -0 --separate-stderr $BPF_LD -j --for 1ms --attach tp_btf:sched_process_exec=count \
		--attach tp_btf:sched_process_exit=count --attach tp_btf:sched_process_exit,cookie=7=count c.o
	run -0 jq -c '[.programs | length, (map(.id) | unique | length)], [.links[].target]' <<<"$output"
	assert_output $'[2,2]\n["sched_process_exec","sched_process_exit","sched_process_exit,cookie=7"]'
	need_pins
	run -0 $BPF_LD --pin "$PINS/x" --attach tp_btf:sched_process_exec=count --attach tp_btf:sched_process_exit=count c.o
	assert_equal "$(ls "$PINS/x")" $'count\ncount_2\ncount_link\ncount_link2\ncounts'
}

@test "what type information does not name has a did-you-mean" {
	need_native
	need_kernel_btf
	count_s tp_btf
	run -1 $BPF_LD --attach tp_btf:sched_swich=count c.o
	assert_output --partial "tp_btf:sched_swich: this kernel has no tracepoint 'sched_swich'"
	assert_output --partial "did you mean 'sched_switch'?"
	count_s fentry
	run -1 $BPF_LD --no-attach --attach fentry:vfs_raed=count c.o
	assert_output --partial "did you mean 'vfs_read'?"
	count_s lsm
	run -1 $BPF_LD --no-attach --attach lsm:file_opne=count c.o
	assert_output --partial "this kernel has no LSM hook 'file_opne'"
	assert_output --partial "did you mean 'file_open'?"
	count_s fexit
	run -1 $BPF_LD --attach fexit:no_such_module:f=count c.o
	assert_output --partial "no module 'no_such_module' with type information is loaded"
}

@test "targets by type information, taken apart" {
	count_s freplace
	run -1 $BPF_LD --attach freplace:f=count c.o
	assert_output --partial 'it does not say of which program'
	run -1 $BPF_LD --attach freplace:x:f=count c.o
	assert_output --partial "what is in front of ':' is no program"
	run -1 $BPF_LD --attach freplace:4294967295:f=count c.o
	assert_output --partial 'id:4294967295 cannot be opened: there is no such program'
	run -1 $BPF_LD --no-attach c.o
	assert_output --partial 'names no target'
	count_s lsm_cgroup
	run -1 $BPF_LD --attach lsm_cgroup:socket_create=count c.o
	assert_output --partial 'the control group is missing'
	count_s iter
	run -1 $BPF_LD --attach iter:task,pid=0=count c.o
	assert_output --partial 'the value of pid is not the number of a process'
	run -1 $BPF_LD --attach iter:task,pid=1,tid=1=count c.o
	assert_output --partial 'it takes only one of map, cgroup, pid and tid'
	run -1 $BPF_LD --attach iter:task,cookie=1=count c.o
	assert_output --partial "takes no option 'cookie'"
}

@test "a program of a hook that needs its place says so with --no-attach" {
	count_s fentry
	run -1 $BPF_LD --no-attach c.o
	assert_output --partial 'its section "fentry" names no target'
}

# ---------------------------------------------------------------- iterators

# iter_o: prints a line "K" for each element of the map m, whose keys are digits
iter_o()
{
	cat >i.s <<-'END'
	.license "GPL"
	.map	m, hash, key=u32, value=u64, max_entries=8
	.section iter/bpf_map_elem
	elems:	r2 = *(u64 *)(r1 + 16)		/* the key; none at the end */
		if r2 == 0 goto 9f
		r3 = *(u32 *)(r2 + 0)
		r3 += '0'
		*(u8 *)(r10 - 8) = r3
		*(u8 *)(r10 - 7) = '\n'
		r1 = *(u64 *)(r1 + 0)
		r1 = *(u64 *)(r1 + 0)		/* meta->seq */
		r2 = r10
		r2 += -8
		r3 = 2
		call bpf_seq_write
	9:	r0 = 0
		exit
	END
	$BPF_AS i.s
}

@test "iter: what it writes, over a map of the object, a pinned one, and as JSON" {
	need_native
	need_kernel_btf
	need_cmd jq
	iter_o
	run -0 --separate-stderr $BPF_LD --attach iter:bpf_map_elem,map=m --set 'm[3]=1' i.o
	assert_output 3
	[[ $stderr == *'attached elems to iter:bpf_map_elem,map=m'* ]]
	run -0 --separate-stderr $BPF_LD -j --attach iter:bpf_map_elem,map=m --set 'm[4]=1' i.o
	run -0 jq -r 'select(.iter) | .iter, .program, .text' <<<"$output"
	assert_output $'bpf_map_elem,map=m\nelems\n4'
	run -1 $BPF_LD i.o
	assert_output --partial 'it does not say which map'
	run -1 $BPF_LD --attach iter:bpf_map_elem,map=n i.o
	assert_output --partial 'the object has no map "n"'
	assert_output --partial 'did you mean "m"?'
	need_pins
	run -0 $BPF_LD --pin "$PINS/x" --attach iter:bpf_map_elem,map=m --set 'm[5]=1' i.o
	run -0 cat "$PINS/x/elems_link"
	assert_output 5
	run -0 --separate-stderr $BPF_LD --attach "iter:bpf_map_elem,map=$PINS/x/m" i.o
	assert_output 5
}

@test "iter: one task, its process, and the end of --for" {
	need_native
	need_kernel_btf
	need_cmd clang
	cat >t.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; };
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
static long (*seq_write)(struct seq_file *, const void *, unsigned) = (void *)127;
SEC("iter/task") int tasks(struct bpf_iter__task *ctx)
{
	char s[12];
	unsigned pid;

	if (!ctx->task)
		return 0;
	pid = ctx->task->pid;
	s[11] = '\n';
	for (int i = 10; i >= 0; i--, pid /= 10)
		s[i] = '0' + pid % 10;
	return seq_write(ctx->meta->seq, s, sizeof(s)) < 0;
}
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c t.c -o t.o
	sleep 100 &
	local pid=$!
	run -0 --separate-stderr $BPF_LD --attach "iter:task,pid=$pid" t.o
	kill $pid
	assert_output "$(printf %011d $pid)"
	run -0 --separate-stderr $BPF_LD t.o
	assert_line "$(printf %011d $$)"
}

@test "iter: the VM's maps" {
	need_world
	need_native
	cat >v.s <<-'END'
	.license "GPL"
	.map	m_in_vm, hash, key=u32, value=u64, max_entries=8
	.section iter/bpf_map
	maps:	r6 = *(u64 *)(r1 + 8)
		if r6 == 0 goto 9f
		*(u8 *)(r10 - 8) = '.'
		r1 = *(u64 *)(r1 + 0)
		r1 = *(u64 *)(r1 + 0)
		r2 = r10
		r2 += -8
		r3 = 1
		call bpf_seq_write
		r1 = m_in_vm ll
	9:	r0 = 0
		exit
	END
	$BPF_AS v.s
	run -0 --separate-stderr $BPF_LD --vm v.o
	assert_output .
	sed 's,iter/bpf_map,iter/task,' v.s >w.s
	$BPF_AS w.s
	run -1 $BPF_LD --vm w.o
	assert_output --partial "the VM has no kind of iterator 'task'"
	drop_world
}

# ---------------------------------------------------------------- counters and clocks

# between LOW HIGH ARG... [-- COMMAND]: counts[0] is in the end in that range
between()
{
	local low=$1 high=$2
	shift 2
	run -0 --separate-stderr $BPF_LD --watch counts=1h "$@"
	run -0 awk '$1 == 0 { print $2 }' <<<"$output"
	[ "$output" -ge "$low" ] && [ "$output" -le "$high" ] || { echo "$output, not $low to $high"; return 1; }
}

@test "interval: so often on one CPU; profile: on each" {
	need_native
	count_s perf_event
	between 5 22 --attach interval:10ms --for 200ms c.o
	between 5 22 --attach interval:hz:100 --for 200ms c.o
	between 5 22 --attach perf:interval:100hz=count --for 200ms c.o
	[ "$(nproc)" -ge 2 ] || skip "needs two CPUs"
	need_cmd jq
	run -0 --separate-stderr $BPF_LD -j --watch counts=1h --attach profile:100hz,cpu=0=count \
		--attach profile:99hz=count c.o -- sh -c 'for i in 1 2 3 4; do timeout 0.3 sh -c "while :; do :; done" & done; wait'
	run -0 jq 'select(.entries) | .entries[0].value' <<<"$output"
	[ "$output" -ge 30 ] # three clocks of some 30 each
	need_pins
	run -0 $BPF_LD --pin "$PINS/x" --attach profile:10hz c.o
	assert_equal "$(ls "$PINS/x" | grep -c '^count_link')" "$(nproc)"
	[ -e "$PINS/x/count_link_2" ]
	# All or nothing: the second pin is in the way.
	mkdir "$PINS/y"
	mv "$PINS/x/counts" "$PINS/y/count_link_2"
	run -1 $BPF_LD --pin "$PINS/y" --attach profile:10hz c.o
	assert_equal "$(ls "$PINS/y")" count_link_2
}

@test "software events: of one process, with those it starts" {
	need_native
	need_cmd python3
	count_s perf_event
	cat >faults.py <<'END'
import mmap, os, sys
sys.stdin.readline()
if os.fork() == 0:
    m = mmap.mmap(-1, 400 * mmap.PAGESIZE)
    m.madvise(mmap.MADV_NOHUGEPAGE)
    for i in range(400):
        m[i * mmap.PAGESIZE] = 1
    os._exit(0)
os.wait()
END
	mkfifo go
	python3 faults.py <go 3>&- &
	local pid=$!
	exec 8>go
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "software:page-faults:10,pid=$pid" c.o -- \
		sh -c "echo >&8; while kill -0 $pid; do sleep 0.05; done 2>/dev/null"
	exec 8>&-
	run -0 awk '$1 == 0 { print $2 }' <<<"$output"
	[ "$output" -ge 40 ]
	run -1 $BPF_LD --attach software:page-faults,pid=2147483647 c.o
	assert_output --partial 'there is no process 2147483647'
}

@test "counters: what is wrong with a target is named" {
	count_s perf_event
	run -1 $BPF_LD c.o
	assert_output --partial 'names no target'
	run -1 $BPF_LD --attach software:page-fault c.o
	assert_output --partial "did you mean 'page-faults'?"
	run -1 $BPF_LD --attach cache:LLC-loadmisses c.o
	assert_output --partial "there is no cache event 'LLC-loadmisses'"
	run -1 $BPF_LD --attach profile:9x c.o
	assert_output --partial 'the rate is not a number above 0'
	run -1 $BPF_LD --attach software:cs:10ms c.o
	assert_output --partial 'a time is the rate of clocks only'
	run -1 $BPF_LD --attach perf:cycles c.o
	assert_output --partial 'it does not begin with a kind'
	run -1 $BPF_LD --attach profile:99hz,tid=1 c.o
	assert_output --partial "takes no option 'tid'"
	need_native
	run -1 $BPF_LD --attach profile:100000000hz c.o
	assert_output --partial 'perf_event_max_sample_rate'
}

@test "hardware counters, where there are some" {
	need_native
	count_s perf_event
	run $BPF_LD --watch counts=1h --attach hardware:cycles:99hz --for 100ms c.o
	if [ "$status" = 3 ]; then
		assert_output --partial 'this machine has no such counter that can call programs'
		assert_output --partial 'profile:99hz'
		return
	fi
	assert_success
	between 1 100000 --attach hardware:instructions:100000 --for 200ms c.o
}

@test "the VM has no counters, and says so" {
	need_world
	need_native
	count_s perf_event
	run -3 $BPF_LD --vm --attach profile:99hz c.o
	assert_output --partial 'the VM has no events of this kind'
	drop_world
}

# ---------------------------------------------------------------- user space

# prog_c: ./prog N calls step_one N times, step_two twice as often, and two versions of "ver" in libver.so.1 once each
prog_c()
{
	need_cmd gcc
	cat >ver.c <<'END'
int ver_old(int n) { __asm__ volatile("" : "+r"(n)); return n + 1; }
int ver_new(int n) { __asm__ volatile("" : "+r"(n)); return n + 2; }
__asm__(".symver ver_old, ver@V1");
__asm__(".symver ver_new, ver@@V2");
END
	echo 'V1 { global: ver; local: *; }; V2 { global: ver; } V1;' >ver.map
	gcc -O1 -shared -fPIC -Wl,--version-script=ver.map -Wl,-soname,libver.so.1 -o libver.so.1 ver.c
	cat >prog.c <<'END'
#include <stdlib.h>
#include <unistd.h>
extern int ver(int);
extern int old(int);
__asm__(".symver old, ver@V1");
__attribute__((noinline)) int step_one(int n) { __asm__ volatile("" : "+r"(n)); return n; }
__attribute__((noinline)) int step_two(int n) { __asm__ volatile("" : "+r"(n)); return n; }
int main(int argc, char **argv)
{
	char c;
	if (argc > 2 && read(0, &c, 1) != 1)
		return 1;
	for (int i = 0; i < atoi(argv[1]); i++)
		step_one(i), step_two(i), step_two(i);
	return ver(1) != 3 || ver(1) != 3 || old(1) != 2;
}
END
	gcc -O1 -o prog prog.c libver.so.1 -Wl,-rpath,"$PWD"
}

@test "uprobe: a program of PATH, a library, versions of a symbol" {
	need_native
	prog_c
	count_s uprobe
	PATH=$PWD:$PATH counted 3 --attach uprobe:prog:step_one c.o -- ./prog 3
	export LD_LIBRARY_PATH=$PWD
	counted 2 --attach uprobe:ver:ver c.o -- ./prog 1
	counted 2 --attach uprobe:libver:ver@V2 c.o -- ./prog 1
	counted 2 --attach uprobe:libver.so.1:ver@@V2 c.o -- ./prog 1
	counted 1 --attach uprobe:ver:ver@V1 c.o -- ./prog 1
	run -1 $BPF_LD --attach uprobe:ver:ver@@V1 c.o
	assert_output --partial "there is no function 'ver@@V1' in $PWD/libver.so.1"
	run -1 $BPF_LD --attach uprobe:no_such_library:f c.o
	assert_output --partial "there is no program 'no_such_library' in \$PATH, and no library of that name"
	# What the dynamic linker's cache knows.
	[ -e /etc/ld.so.cache ] || skip "needs /etc/ld.so.cache"
	run -0 --separate-stderr $BPF_LD --for 1ms --attach uprobe:c:getenv c.o
	run -0 --separate-stderr $BPF_LD --for 1ms --attach uprobe:libc.so.6:getenv c.o
}

@test "uprobe: only one process, whose library is found by what it has mapped" {
	need_native
	prog_c
	count_s uprobe
	mkfifo go
	./prog 4 wait <go 3>&- &
	local pid=$!
	exec 8>go
	local from=$PWD
	counted 2 --attach "uprobe:ver:ver,pid=$pid" c.o -- sh -c "./prog 1; echo >&8; while kill -0 $pid; do sleep 0.02; done 2>/dev/null"
	exec 8>&-
	run -1 $BPF_LD --attach "uprobe:$PWD/prog:step_one,pid=2147483647" c.o
	assert_output --partial 'there is no process 2147483647'
}

@test "uprobe.multi, uretprobe.multi, uprobe.session: patterns and lists" {
	need_native
	prog_c
	count_s uprobe.multi
	counted 9 --attach "uprobe.multi:./prog:step_*" c.o -- ./prog 3
	counted 9 --attach "uprobe.multi:./prog:step_one+step_two" c.o -- ./prog 3
	counted 3 --attach "uprobe.multi:./prog:step_o[mn]e+step_one" c.o -- ./prog 3
	counted 6 --attach "uretprobe.multi:./prog:*_two,cookie=5=count" c.o -- ./prog 3
	# By an event for each place, as kernels before 6.6 have it.
	counted 9 --attach-via ioctl --attach "uprobe.multi:./prog:step_*" c.o -- ./prog 3
	counted 3 --attach-via ioctl --attach "uprobe.multi:./libver.so.1:ver@V1+ver@V2" c.o -- ./prog 3
	run -1 $BPF_LD --attach "uprobe.multi:./prog:step_one+step_tow" c.o
	assert_output --partial "there is no function 'step_tow' in ./prog"
	assert_output --partial "did you mean 'step_two'?"
	run -1 $BPF_LD --attach "uprobe.multi:./prog:stop_*" c.o
	assert_output --partial "no function of ./prog is called like 'stop_*'"
	count_s uprobe.session
	run $BPF_LD --for 1ms --attach "uprobe.session:./prog:step_one" c.o
	[ "$status" != 3 ] || { assert_output --partial 'Linux 6.13'; skip "needs uprobe sessions (Linux 6.13)"; }
	counted 6 --attach "uprobe.session:./prog:step_one" c.o -- ./prog 3
}

@test "uprobe.s and its section's target: sleepable programs" {
	need_native
	prog_c
	count_s "uprobe.s/$PWD/prog:step_one"
	counted 4 c.o -- ./prog 4
	count_s "uprobe.multi.s/$PWD/prog:step_*"
	counted 6 c.o -- ./prog 2
}

@test "--attach TYPE.s makes a program sleepable" {
	need_native
	prog_c
	count_s uprobe
	run -0 --separate-stderr $BPF_LD --watch counts=1h -a "uprobe.s:./prog:step_one" c.o -- ./prog 3
	[[ $stderr == *"attached count to uprobe:./prog:step_one"* ]]
	run -2 --separate-stderr $BPF_LD -n -a "kprobe.s:do_exit" c.o
	[[ $stderr == *'there is no attach type "kprobe.s"'* ]]
}

@test "bcc's tracepoint__CATEGORY__NAME says type and target" {
	count_s tracepoint__sched__sched_process_exec
	run -0 $BPF_LD -n c.o
	assert_line --partial 'attach program count to tracepoint:sched'
	count_s tracepoint__raw_syscalls__sys_enter
	cat >>c.s <<-'EOF'
	.section other
	other:	r0 = 0
		exit
	EOF
	$BPF_AS -g0 -o c.o c.s
	run -0 $BPF_LD -n -a tracepoint:raw_syscalls:sys_enter c.o
	assert_line 'attach program count to tracepoint:raw_syscalls:sys_enter'
	run -1 $BPF_LD -n -a tracepoint:raw_syscalls:sys_ente c.o
}

@test "a cookie, which needs a link, is not forgotten by --attach-via=ioctl" {
	need_tracefs
	count_s tracepoint
	run -3 --separate-stderr $BPF_LD --for 1ms --attach-via=ioctl -a tracepoint:sched:sched_switch,cookie=7 c.o
	[[ $stderr == *"cookies need a link, which --attach-via=ioctl does without [S0135]"* ]]
	run -0 $BPF_LD --for 1ms --attach-via=ioctl -a tracepoint:sched:sched_switch c.o
}

# ---------------------------------------------------------------- USDT

# usdt_c: the program usdt-target, and args.o if this machine has libbpf's headers
usdt_c()
{
	need_cmd gcc
	[ "$(uname -m)" = x86_64 ] || skip "needs x86-64: the probes' arguments are in its registers"
	gcc -O1 -I"$SRCDIR/tests/usdt" -o usdt-target "$SRCDIR/tests/usdt/target.c"
}

@test "usdt: each place of a probe, and a semaphore" {
	need_native
	usdt_c
	count_s usdt
	counted 8 --attach usdt:./usdt-target:bpfutils:step c.o -- sh -c './usdt-target 4 >/dev/null'
	run -0 ./usdt-target 4
	assert_output 0
	run -0 --separate-stderr $BPF_LD --attach usdt:./usdt-target::watched c.o -- ./usdt-target 4
	assert_output 4
	count_s "usdt/$PWD/usdt-target:bpfutils:wat*"
	counted 4 c.o -- sh -c './usdt-target 4 >/dev/null'
	run -1 $BPF_LD --attach usdt:./usdt-target:bpfutils:wached c.o
	assert_output --partial "has no USDT probe 'wached' of provider 'bpfutils'"
	assert_output --partial "did you mean 'watched'?"
	run -1 $BPF_LD --attach usdt:/bin/sh:x:y c.o
	assert_output --partial '/bin/sh has no USDT probes'
	run -1 $BPF_LD --attach usdt:./usdt-target:watched c.o
	assert_output --partial 'a probe has a file, a provider and a name'
}

@test "usdt: arguments by libbpf's usdt.bpf.h" {
	need_native
	usdt_c
	need_cmd clang jq
	need_file /usr/include/bpf/usdt.bpf.h
	clang -g -O2 -target bpf -D__TARGET_ARCH_x86 -I/usr/include/x86_64-linux-gnu -c "$SRCDIR/tests/usdt/args.c" -o args.o
	run -0 --separate-stderr $BPF_LD -j --watch .bss=1h --attach usdt:./usdt-target:bpfutils:step,cookie=5=on_step \
		--attach usdt:./usdt-target:bpfutils:watched=on_watched args.o -- ./usdt-target 4
	run -0 jq -c 'select(type == "object" and .entries) | .entries[0].value[".bss"] | add' <<<"$output"
	# rounds 0 to 3 and 1000 to 1003; values 0, -1000, -2000, -3000 and four times 0x123456789a
	run -0 jq -c '[.calls, .rounds, .sevens, .values, .args, .cookies, .watched]' <<<"$output"
	assert_output '[8,4012,56,312749968120,32,40,4]'
}

# ---------------------------------------------------------------- names

@test "targets are completed from what this machine has" {
	need_native
	need_tracefs
	run -0 $BPF_LD --complete -- --attach tracepoint:sched
	assert_line tracepoint:sched:
	refute_line --partial tracepoint:irq
	run -0 $BPF_LD --complete -- --attach tp:sched:sched_sw
	assert_line tp:sched:sched_switch
	run -0 $BPF_LD --complete -- --attach software:page
	assert_output software:page-faults
	run -0 $BPF_LD --complete -- --attach cache:LLC-load-
	assert_output cache:LLC-load-misses
	run -0 $BPF_LD --complete -- --attach ''
	assert_line uprobe.multi:
	need_kernel_btf
	run -0 $BPF_LD --complete -- --attach fentry:vfs_rea
	assert_line fentry:vfs_read
	run -0 $BPF_LD --complete -- --attach lsm:file_op
	assert_line lsm:file_open
	run -0 $BPF_LD --complete -- --attach iter:bpf_map
	assert_line iter:bpf_map_elem
}

@test "every type of attachment is in the page, and in --help" {
	local t
	run -0 $BPF_LD --help
	for t in $(sed -n 's/^BU_HOOK([A-Z_0-9]*, "\([^"]*\)".*\(kprobe\|kmulti\|ksyscall\|tracepoint\|raw_tp\|btf\|iter\|perf\|uprobe\|usdt\|uprobe_multi\))$/\1/p' \
		"$SRCDIR/lib/isa/hook.def"); do
		grep -q "^\.It $t Ta" "$SRCDIR/man/bpf-ld.1" || { echo "$t is not in the page"; return 1; }
		assert_output --regexp "[ ,]${t//./\\.}[,.]"
	done
}

@test "types that are newer than what is known are refused in words" {
	count_s fentry.multi/vfs_read
	run -3 $BPF_LD c.o
	assert_output --partial 'is newer than Linux 7.1'
	assert_output --partial 'kprobe.multi'
}

@test "a kernel without kprobes: all of their kinds say so" {
	need_native
	need_no_kprobes
	local k
	count_s kprobe
	for k in kprobe kretprobe kprobe.multi kretprobe.multi; do
		run -3 $BPF_LD --attach $k:vfs_read=count c.o
		assert_output --partial 'CONFIG_KPROBES'
	done
	run -3 $BPF_LD --attach ksyscall:read=count c.o
	assert_output --partial 'CONFIG_KPROBES'
	run -1 $BPF_LD --attach ksyscall:raed=count c.o
	assert_output --partial "did you mean 'read'?"
	run -3 $BPF_LD --attach-via tracefs --attach kprobe:vfs_read=count c.o
	assert_output --partial 'CONFIG_KPROBES'
}

@test "uprobe by a line in tracefs, which is gone afterwards" {
	need_native
	need_tracefs
	[ -e $TRACEFS/uprobe_events ] || skip "needs $TRACEFS/uprobe_events"
	prog_c
	count_s uprobe
	counted 3 --attach-via tracefs --attach "uprobe:$PWD/prog:step_one" c.o -- ./prog 3
	counted 9 --attach-via tracefs --attach "uprobe.multi:$PWD/prog:step_*" c.o -- ./prog 3
	run -1 grep "$PWD" $TRACEFS/uprobe_events
	# What a killed process left, the next one takes away.
	run $BPF_LD --attach-via tracefs --attach "uprobe:$PWD/prog:step_one" c.o -- sh -c 'kill -9 $PPID'
	run -0 grep "$PWD" $TRACEFS/uprobe_events
	eventually 5 sh -c "$BPF_LD --for 1ms --attach-via tracefs --attach 'uprobe:$PWD/prog:step_one' c.o; ! grep '$PWD' $TRACEFS/uprobe_events"
}

@test "the VM: hooks that it has go on, others are refused in words" {
	need_world
	need_native
	count_s kprobe
	run -0 $BPF_LD --vm --for 1ms --attach ksyscall:read c.o
	run -3 $BPF_LD --vm --attach kprobe.multi:vfs_read c.o
	assert_output --partial 'the VM has no events of this kind'
	run -3 $BPF_LD --vm --attach-via tracefs --attach kprobe:vfs_read c.o
	assert_output --partial 'the VM has no tracefs'
	drop_world
}
