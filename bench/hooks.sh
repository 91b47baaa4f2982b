#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Listing what hangs on network devices and control groups, beside upstream's bpftool: 1,001 devices, 500 groups.
# shellcheck source=bench/harness.sh
. "$(dirname "$0")/harness.sh"

peer=/usr/sbin/bpftool
[ -x $peer ] || skip "no peer: upstream's bpftool (Debian package bpftool)"
[ "$(id -u)" = 0 ] || skip "needs root"
"$build/tests/probe" >/dev/null || skip "needs bpf(2)"
ours="$build/bpftool/bpftool"

ns=bpfutils-bench-$$
group=
trap 'rm -rf "$work"; ip netns del $ns 2>/dev/null; [ -z "$group" ] || rmdir "$group"/g* "$group"' EXIT
ip netns add $ns 2>/dev/null || skip "needs network namespaces"
for i in $(seq 500); do
	echo "link add v$i type veth peer name w$i"
done >"$work/links"
ip -n $ns -batch "$work/links" 2>/dev/null || skip "needs veth devices"
within="nsenter --net=/run/netns/$ns"
compare "net, 1,001 devices, as JSON" bpfutils "$within $ours -j net" bpftool "$within $peer -j net"

top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$top" ] || skip "needs cgroup2 to be mounted"
group=$top/bpfutils-bench-$$
mkdir "$group" || skip "needs a writable cgroup2"
for i in $(seq 500); do
	mkdir "$group/g$i"
done
compare "cgroup tree, 500 groups, as JSON" bpfutils "$ours -j cgroup tree $group" bpftool "$peer -j cgroup tree $group"
