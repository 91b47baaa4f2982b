#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: what hangs on control groups, network devices, events: cgroup, net, perf, token.
# shellcheck disable=SC2034,SC2154 # for and from what is loaded

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	load net_helper
}

teardown()
{
	churn_end
	[ -z "${CG:-}" ] || find "$CG" -mindepth 1 -depth -type d -exec rmdir {} + || true
	net_teardown
	zoo_end
	drop_pins
}

# ours ARGS..., theirs ARGS...: in the network namespace of the test, if it has one
# (not by "ip netns exec", which hides /sys/fs/bpf)
here() { ${NS:+nsenter --net=/run/netns/$NS} "$@"; }
ours() { here $BPFTOOL "$@"; }
theirs() { here "$UPSTREAM" "$@"; }

# pinned PATH...: their ids
pinned() { local f; for f; do $BPFTOOL -j prog show pinned "$f" | jq .id; done; }

# ends the loop of a test, which removes what it made
churn_end()
{
	[ -n "${CHURN:-}" ] || return 0
	touch "$T/stop"
	wait "$CHURN" || true
	CHURN=
}

# ---------------------------------------------------------------- cgroup

@test "cgroup: attach, show, tree, detach, as upstream prints them" {
	need_bpf
	need_pins
	need_cgroup
	mkdir "$CG/sub"
	zoo load:$PINS/in:cgroup_skb load:$PINS/dev:cgroup_device load:$PINS/bind:cgroup_sock_addr
	run -0 $BPFTOOL cgroup show $CG
	assert_output ''
	run -0 $BPFTOOL -j cgroup show $CG
	assert_output '[]'
	run -0 $BPFTOOL cgroup attach $CG ingress pinned $PINS/in multi
	run -0 $BPFTOOL -j cgroup attach $CG cgroup_device pinned $PINS/dev override
	assert_output null
	run -0 $BPFTOOL cgroup attach $CG/sub bind4 pinned $PINS/bind
	a=$(pinned $PINS/in) d=$(pinned $PINS/dev) b=$(pinned $PINS/bind)
	run -0 $BPFTOOL -j cgroup list $CG
	run -0 jq -c 'map([.id,.attach_type,.attach_flags,.name])' <<<"$output"
	assert_output "[[$a,\"cgroup_inet_ingress\",\"multi\",\"in\"],[$d,\"cgroup_device\",\"override\",\"dev\"]]"
	run -0 $BPFTOOL -j cgroup show $CG/sub effective
	run -0 jq -c "map(select(.id == ($a, $d, $b)) | [.id, has(\"attach_flags\")])" <<<"$output"
	assert_output "[[$a,false],[$d,false],[$b,false]]"
	run -0 $BPFTOOL cgroup tree $CG
	assert_line --index 0 CgroupPath
	assert_line --index 2 "$CG"
	assert_line "$CG/sub"
	assert_line --regexp "^    $b +cgroup_inet4_bind +bind "
	if [ -x /usr/sbin/bpftool ]; then
		need_upstream_bpftool
		for what in "show $CG" "show $CG/sub" "show $CG/sub effective" "tree $CG" "tree $CG effective"; do
			diff <($UPSTREAM cgroup $what) <($BPFTOOL cgroup $what)
			diff <($UPSTREAM -j cgroup $what | jq -S .) <($BPFTOOL -j cgroup $what | jq -S .)
		done
	fi
	run -0 $BPFTOOL cgroup detach $CG device pinned $PINS/dev
	run -1 $BPFTOOL cgroup detach $CG device pinned $PINS/dev
	assert_output --partial "cannot detach program $d"
	run -0 $BPFTOOL -j cgroup show $CG
	run -0 jq -c 'map(.id)' <<<"$output"
	assert_output "[$a]"
}

@test "cgroup: what is wrong is named" {
	need_bpf
	need_pins
	need_cgroup
	zoo load:$PINS/in:cgroup_skb
	run -1 $BPFTOOL cgroup show $CG/none
	assert_output --partial "there is no control group '$CG/none'"
	run -1 $BPFTOOL -j cgroup show /tmp
	run -0 jq -r .error <<<"$output"
	assert_output "'/tmp' is no control group of cgroup2"
	run -2 $BPFTOOL cgroup show
	run -2 $BPFTOOL cgroup show $CG effective more
	run -2 $BPFTOOL cgroup attach $CG ingres5 pinned $PINS/in
	assert_output --partial "did you mean 'ingress'"
	run -2 $BPFTOOL cgroup attach $CG ingress pinned $PINS/in nonsense
	run ! $BPFTOOL cgroup attach $CG sysctl pinned $PINS/in
	assert_output --partial 'as sysctl'
	run -0 $BPFTOOL cgroup show $CGNAME
}

@test "cgroup tree: groups that come and go are left out, every time" {
	need_bpf
	need_pins
	need_cgroup
	zoo load:$PINS/in:cgroup_skb
	mkdir "$CG/sub"
	run -0 $BPFTOOL cgroup attach $CG/sub ingress pinned $PINS/in multi
	(while [ ! -e stop ]; do mkdir "$CG"/c{1,2,3,4} && rmdir "$CG"/c{1,2,3,4}; done) 3>&- &
	CHURN=$!
	for _ in $(seq 40); do
		run -0 $BPFTOOL -j cgroup tree $CG
		[ "$(jq -c 'map([.cgroup, (.programs | length)])' <<<"$output")" = "[[\"$CG/sub\",1]]" ]
	done
	churn_end
	! ls -d "$CG"/c[1234] 2>/dev/null
}

# ---------------------------------------------------------------- net

@test "net: XDP in its modes, tcx and tc, attached and detached" {
	need_bpf
	need_pins
	need_net
	need_libnl
	need_cmd tc
	zoo load:$PINS/x:xdp:2 load:$PINS/y:xdp:2 load:$PINS/c:sched_cls:0
	y=$(pinned $PINS/y) c=$(pinned $PINS/c)
	dev=$(in_ns cat /sys/class/net/va/ifindex)
	run -0 ours net attach xdpgeneric pinned $PINS/x dev va
	run -1 ours net attach xdpgeneric pinned $PINS/y dev va
	assert_output --partial "'overwrite' takes the place"
	run -0 ours -j net attach xdpg pinned $PINS/y dev va overwrite
	assert_output null
	run -0 ours net
	assert_line "va($dev) generic id $y"
	run -0 ours net attach tcx_ingress pinned $PINS/c dev va
	run -0 here tc qdisc add dev va clsact
	run -0 here tc filter add dev va egress bpf da object-pinned $PINS/c
	run -0 ours -j net show dev va
	n=$output
	run -0 jq -c '.[0] | [.xdp, (.tc | map(del(.name)))]' <<<"$n"
	assert_output "[[{\"devname\":\"va\",\"ifindex\":$dev,\"mode\":\"generic\",\"id\":$y}],[{\"devname\":\"va\",\"ifindex\":$dev,\"kind\":\"tcx/ingress\",\"prog_id\":$c,\"prog_flags\":[],\"link_id\":0,\"link_flags\":[]},{\"devname\":\"va\",\"ifindex\":$dev,\"kind\":\"clsact/egress\",\"id\":$c}]]"
	run -0 ours net
	assert_line "va($dev) tcx/ingress c prog_id $c "
	assert_line --regexp "^va\($dev\) clsact/egress .* id $c$"
	run -0 ours -j net show dev lo
	run -0 jq -c '.[0] | [.xdp, .tc]' <<<"$output"
	assert_output '[[],[]]'
	run -0 ours net detach tcx_ingress dev va
	run -0 ours net detach xdpgeneric dev va
	run -0 ours -j net
	run -0 jq -c '.[0] | [(.xdp | length), (.tc | map(.kind))]' <<<"$output"
	assert_output '[0,["clsact/egress"]]'
	run ! ours net detach tcx_ingress dev va
	zoo_end
	rm zoo.in
	nsenter --net=/run/netns/$NS "$BUILDDIR/tests/tool_zoo" "xdp:$dev" < <(sleep 5) >linked 3>&- &
	eventually 5 grep -q ready linked
	if ! grep -q error= linked; then
		run ! ours net detach xdp dev va
		assert_output --partial "'link detach' detaches"
	fi
	kill $! 2>/dev/null || true
	run -1 ours net attach xdp pinned $PINS/x dev nosuch
	assert_output --partial "no network device 'nosuch'"
	run -2 ours net attach xpd pinned $PINS/x dev va
	run -2 ours net attach tcx_egress pinned $PINS/c dev va overwrite
	run -2 ours net show va
}

@test "net: XDP in the driver, filters of queues and classes, each once, as upstream prints them" {
	need_bpf
	need_pins
	need_net
	need_libnl
	need_cmd tc
	need_upstream_bpftool
	zoo load:$PINS/x:xdp:2 load:$PINS/c:sched_cls:0
	run -0 ours net attach xdpdrv pinned $PINS/x dev va
	run -0 here tc qdisc add dev va clsact
	run -0 here tc filter add dev va ingress bpf da object-pinned $PINS/c
	run -0 here tc filter add dev va egress prio 7 handle 9 bpf da object-pinned $PINS/c
	if here tc qdisc add dev va root handle 1: htb 2>/dev/null; then
		here tc class add dev va parent 1: classid 1:1 htb rate 1mbit
		here tc filter add dev va parent 1: bpf da object-pinned $PINS/c
		here tc filter add dev va parent 1:1 bpf da object-pinned $PINS/c
	fi
	theirs -j net | jq -S '.[0] | del(.flow_dissector, .netfilter)' >up
	ours -j net | jq -S '.[0] | del(.flow_dissector, .netfilter)' >our
	[ "$(jq '.tc | length' our)" -ge 2 ]
	diff up our
	theirs net 2>&1 | sed '/flow_diss/,$d' >up.txt
	ours net | sed '/flow_diss/,$d' >our.txt
	diff up.txt our.txt
}

@test "net: a flow dissector and netfilter in valid JSON" {
	need_bpf
	need_netns
	need_libnl
	cat >run <<-'EOF'
	mkfifo in
	"$ZOO_PROG" flow netfilter <in >out &
	exec 9>in
	for _ in $(seq 200); do grep -q ready out && break; sleep 0.05; done
	$BPFTOOL -j net >json
	$BPFTOOL net >text
	EOF
	ZOO_PROG=$BUILDDIR/tests/tool_zoo BPFTOOL=$BPFTOOL unshare -n bash run 3>&-
	ZOO=$(<out)
	p=$(id_of prog flow)
	run -0 jq -c '.[0].flow_dissector' json
	assert_output "[{\"id\":$p}]"
	run -0 grep -A 1 flow_dissector: text
	assert_line --index 1 "id $p"
	n=$(id_of prog netfilter)
	run -0 jq -c ".[0].netfilter[] | select(.id == $n)" json
	assert_output "{\"pf\":2,\"hook\":1,\"prio\":-128,\"flags\":0,\"id\":$n}"
	run -0 grep "prog_id $n" text
	assert_output "	ip input prio -128 prog_id $n"
}

# ---------------------------------------------------------------- perf

@test "perf: events with programs by process and fd, as upstream prints them" {
	need_bpf
	need_tracefs
	need_upstream_bpftool
	zoo rawtp tp uprobe
	p=$(id_of prog rawtp)
	run -0 $BPFTOOL -j perf show
	mine=$(jq -S -c "map(select(.pid == $ZOO_PID))" <<<"$output")
	run -0 jq -c ".[] | select(.prog_id == $p) | [.fd_type, .tracepoint]" <<<"$mine"
	assert_output '["raw_tracepoint","task_rename"]'
	assert_equal "$mine" "$($UPSTREAM -j perf | jq -S -c "map(select(.pid == $ZOO_PID))")"
	diff <($UPSTREAM perf | grep "^pid $ZOO_PID ") <($BPFTOOL perf list | grep "^pid $ZOO_PID ")
	[ "$(jq length <<<"$mine")" = 3 ]
}

@test "perf on the VM" {
	need_world
	printf '.section "tracepoint/task/task_rename"\nn: r0 = 0\nexit\n.section "raw_tp/sys_enter"\nr: r0 = 0\nexit\n.license "GPL"\n' >p.s
	$BPF_AS -o p.o p.s
	start --vm --attach-via=ioctl p.o
	run -0 $BPFTOOL --vm -j perf
	run -0 jq -c "map(select(.pid == $pid) | [.fd_type, .tracepoint, (.prog_id > 0)]) | sort" <<<"$output"
	assert_output '[["raw_tracepoint","sys_enter",true],["tracepoint","task_rename",true]]'
	run -0 $BPFTOOL --vm perf
	assert_line --regexp "^pid $pid  fd [0-9]+: prog_id [0-9]+  tracepoint  task_rename$"
	stop TERM
	run -0 $BPFTOOL --vm -j perf
	assert_output '[]'
	run -0 $BPFTOOL --vm -j net
	assert_output '[{"xdp":[],"tc":[],"flow_dissector":[],"netfilter":[]}]'
}

# ---------------------------------------------------------------- token

@test "token: what a bpf file system delegates" {
	need_root
	need_cmd unshare
	mkdir bpf
	cat >run <<-'EOF'
	mount -t bpf -o delegate_cmds=prog_load:map_create,delegate_maps=any bpf bpf || exit 77
	$BPFTOOL token >text
	$BPFTOOL -j token list >json
	EOF
	BPFTOOL=$BPFTOOL unshare -m bash run 2>/dev/null 3>&- || skip "needs a kernel with BPF tokens"
	run -0 jq -c ".[] | select(.token_info == \"$PWD/bpf\") | .allowed_cmds, .allowed_progs" json
	assert_line --index 0 --partial '"prog_load"'
	assert_line --index 0 --partial '"map_create"'
	assert_line --index 1 '[]'
	run -0 cat text
	assert_line "token_info  $PWD/bpf"
	assert_line '	allowed_progs:'
	run -0 $BPFTOOL -j token
	run -0 jq -r type <<<"$output"
	assert_output array
}

# ---------------------------------------------------------------- links and holders

@test "link: uprobe_multi's table, events of caches; who holds program, map, link and BTF" {
	need_bpf
	zoo comm:holder calls:held rawtp uprobe_multi cache
	l=$(id_of link rawtp)
	run -0 $BPFTOOL -j link show id $l
	run -0 jq -c '[.tp_name, .cookie, .pids]' <<<"$output"
	assert_output "[\"task_rename\",0,[{\"pid\":$ZOO_PID,\"comm\":\"holder\"}]]"
	p=$(id_of prog calls:held)
	m=$($BPFTOOL -j prog show id $p | jq '.map_ids[0]')
	for what in "prog show id $p" "map show id $m"; do
		run -0 $BPFTOOL -j $what
		run -0 jq -c .pids <<<"$output"
		assert_output "[{\"pid\":$ZOO_PID,\"comm\":\"holder\"}]"
		run -0 $BPFTOOL $what
		assert_output --partial "	pids holder($ZOO_PID)"
	done
	if ! grep -q '^uprobe_multi .*error' <<<"$ZOO"; then
		u=$(id_of link uprobe_multi)
		run -0 $BPFTOOL link show id $u
		assert_line --regexp '^	uprobe.multi  path .*tool_zoo  func_cnt 1  $'
		assert_line "$(printf '	%-16s   %-16s   %-16s' offset ref_ctr_offset cookies)"
		assert_line --regexp '^	0x[0-9a-f]+ +0x0 +0x77 +$'
	fi
	! grep -q '^cache .*error' <<<"$ZOO" || return 0 # no such counter here
	c=$(id_of link cache)
	run -0 $BPFTOOL link show id $c
	assert_line '	event hw-cache:LLC-load-misses  '
	run -0 $BPFTOOL -j link show id $c
	run -0 jq -c '[.event_type, .event_config, .cookie]' <<<"$output"
	assert_output '["hw-cache","LLC-load-misses",0]'
}

# ---------------------------------------------------------------- hostile

@test "names of groups, devices, filters, namespaces and processes: JSON is valid, text without control bytes" {
	need_bpf
	need_pins
	need_net
	need_libnl
	need_cgroup
	need_cmd tc python3
	group=$(printf 'a"\\\033[31m\377z')
	mkdir "$CG/$group"
	zoo 'comm:x\n\e\q"' load:$PINS/in:cgroup_skb load:$PINS/x:xdp:2 load:$PINS/c:sched_cls:0 rawtp
	run -0 $BPFTOOL cgroup attach "$CG/$group" ingress pinned $PINS/in
	here python3 - <<-'END'
	import fcntl, socket, struct
	s = socket.socket()
	fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"va", 0) + bytes(22))  # down
	fcntl.ioctl(s, 0x8923, struct.pack("16s16s", b"va", b'v"\\\x1b\xff{'))
	END
	dev=$(printf 'v"\\\033\377{')
	run -0 ours net attach xdpgeneric pinned $PINS/x dev "$dev"
	run -0 ours net attach tcx_egress pinned $PINS/c dev "$dev"
	for what in net "net show dev $dev" tree "tree dev $dev" mem "cgroup tree" "cgroup show $CG/$group" perf link prog; do
		case $what in
		*"$dev") set -- ${what% *} "$dev" ;;
		*"$group") set -- cgroup show "$CG/$group" ;;
		*) set -- $what ;;
		esac
		ours -j -f "$@" >out.json
		python3 -c 'import json; json.loads(open("out.json", "rb").read().decode("utf-8"))'
		ours -f "$@" >out.txt
		! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177\377]')" out.txt
		[ -s out.txt ]
	done
	run -0 ours net
	assert_line --partial 'v"\\x1b\xff{('
	rmdir "$CG/$group"
}

@test "without rights: what is refused says what is missing" {
	need_bpf
	need_cgroup
	need_cmd setpriv
	nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups $BPFTOOL "$@"; }
	chmod 755 "$BATS_TEST_TMPDIR" || true
	nobody version >/dev/null 2>&1 || skip "needs a build that others may read"
	for what in "cgroup show $CG" "cgroup tree" perf link tree mem; do
		run -3 nobody --backend=kernel $what
		assert_output --partial 'CAP_'
		run -3 --separate-stderr nobody --backend=kernel -j $what
		run -0 jq -r '.error | type' <<<"$output"
		assert_output string
	done
	# what is no secret is shown
	run -3 --separate-stderr nobody --backend=kernel -j net
	run -0 jq -c '.[0] | [(.xdp | type), (.tc | map(.kind) | last), .flow_dissector[0].error, .netfilter[0].kind]' <<<"$output"
	assert_output '["array","tcx","Operation not permitted","netfilter"]'
}
