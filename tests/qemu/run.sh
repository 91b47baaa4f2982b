#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots Debian's cloud kernels in qemu and runs guest.sh inside, with the programs of the build
# tree: kprobes, tracing and XDP on kernels that have them, whatever this machine's kernel lacks.
#
#   run.sh [FLAVOUR...]      flavours: 6.1 6.12 (default: both)
#
# $BPFUTILS_BUILDDIR and $BPFUTILS_SRCDIR name the trees (as for all tests). Writes
# tests/qemu/FLAVOUR.{tap,console,trs} in the build tree, prints a PASS, SKIP or FAIL line per test
# and one summary line. Exit: 0 no failure, 1 failures, 77 nothing could run here.
#
# Kernels come from the archive by apt-get download; nothing is installed. They are kept in
# ${XDG_CACHE_HOME:-~/.cache}/bpfutils/kernels.

set -u
here=$(cd "$(dirname "$0")" && pwd)
src=${BPFUTILS_SRCDIR:-$(cd "$here/../.." && pwd)}
build=${BPFUTILS_BUILDDIR:-$src/build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/bpfutils/kernels
out=$build/tests/qemu
limit=${BPFUTILS_QEMU_TIMEOUT:-420} # seconds a boot
mkdir -p "$out" "$cache" || exit 1

passed=0
failed=0
skipped=0

# result STATUS FLAVOUR NAME
result()
{
	echo "$1: qemu $2: $3"
	echo ":test-result: $1 $3" >>"$out/$2.trs"
	case $1 in
	PASS) passed=$((passed + 1)) ;;
	FAIL) failed=$((failed + 1)) ;;
	SKIP) skipped=$((skipped + 1)) ;;
	esac
}

# What keeps a guest from running here, or nothing.
obstacle()
{
	for c in qemu-system-x86_64 busybox cpio dpkg-deb tar timeout; do
		command -v $c >/dev/null || { echo "needs the program $c"; return; }
	done
	if ! busybox sh -c : 2>/dev/null || ldd "$(command -v busybox)" >/dev/null 2>&1; then
		echo "needs a static busybox (Debian package busybox-static)"
	elif [ "$(uname -m)" != x86_64 ] || [ -n "${BPFUTILS_EMULATOR:-}" ]; then
		echo "needs programs for x86-64"
	fi
}

# metapackage FLAVOUR: the package whose newest version names the kernel
metapackage()
{
	case $1 in
	6.1) echo linux-image-cloud-amd64 ;;
	*) echo "linux-image-$1-cloud-amd64" ;;
	esac
}

# fetch FLAVOUR: sets kdir, a directory with vmlinuz and the modules the tests want; else sets why
fetch()
{
	kdir=
	pkg=$(apt-cache show "$(metapackage "$1")" 2>/dev/null |
		sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p' | head -n 1)
	if [ -n "$pkg" ] && [ ! -e "$cache/$pkg/act_bpf.ko" ]; then
		# The sandbox user of apt may not write here.
		set -- "$1" "$cache"/"$pkg"_*.deb
		if [ ! -e "$2" ]; then
			echo "# downloads $pkg into $cache"
			(cd "$cache" && apt-get -q -o APT::Sandbox::User=root download "$pkg") >/dev/null 2>&1
			set -- "$1" "$cache"/"$pkg"_*.deb
		fi
		[ -e "$2" ] && unpack "$2" "$cache/$pkg"
	fi
	if [ -n "$pkg" ] && [ -e "$cache/$pkg/vmlinuz" ]; then
		kdir=$cache/$pkg
		return 0
	fi
	# Without an archive: the newest that is at hand.
	for k in "$cache/linux-image-$1."*; do
		[ ! -e "$k/vmlinuz" ] || kdir=$k
	done
	why="needs a kernel: apt-get download of ${pkg:-$(metapackage "$1")} failed"
	[ -n "$kdir" ]
}

# unpack DEB DIR
unpack()
{
	rm -rf "$2.new"
	mkdir -p "$2.new" || return 1
	dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2.new" --wildcards --strip-components=1 \
		'./boot/vmlinuz-*' './lib/modules/*/veth.ko*' './lib/modules/*/cls_bpf.ko*' \
		'./lib/modules/*/sch_ingress.ko*' './lib/modules/*/act_bpf.ko*' \
		'./lib/modules/*/cls_matchall.ko*' || return 1
	mv "$2.new"/boot/vmlinuz-* "$2.new/vmlinuz" || return 1
	find "$2.new/lib" -name '*.ko*' -exec mv {} "$2.new" \;
	find "$2.new" -name '*.xz' -exec xz -d {} \;
	rm -rf "$2.new/boot" "$2.new/lib" "$2"
	mv "$2.new" "$2"
}

# add FILE... : copies into the image what a program needs: itself to /bin, libraries in place
add()
{
	for f; do
		cp "$f" "$root/bin/" || return 1
		ldd "$f" 2>/dev/null | sed -n 's/.*[ 	]\(\/[^ ]*\) (0x.*/\1/p' | while read -r lib; do
			[ -e "$root$lib" ] || install -D -m 755 "$lib" "$root$lib" || return 1
		done
	done
}

# image: the initramfs, the same for all kernels but for $kdir's modules
image()
{
	root=$out/root.$1
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/run" \
		"$root/modules" "$root/tests" "$root/etc" || return 1
	cp "$(command -v busybox)" "$root/bin/busybox" || return 1
	for applet in $(busybox --list | grep -vx busybox); do
		ln -s busybox "$root/bin/$applet"
	done
	add "$build/bpf-as/bpf-as" "$build/bpf-ld/bpf-ld" "$build/bpftool/bpftool" \
		"$build/tests/qemu/target" "$build/tests/doctor" || return 1
	rm -f "$root/bin/tc" # busybox's knows no programs
	! command -v tc >/dev/null || add "$(command -v tc)" || return 1
	cp -r "$src/examples" "$root/examples" || return 1
	for f in "$build"/examples/*; do
		if [ -f "$f" ] && [ -x "$f" ]; then
			add "$f" || return 1
		fi
	done
	cp "$here"/guest.sh "$here"/*.s "$root/tests/" || return 1
	for m in "$kdir"/*.ko; do
		[ ! -e "$m" ] || cp "$m" "$root/modules/"
	done
	cp "$here/init" "$root/init" && chmod 755 "$root/init" || return 1
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$out/$1.cpio" || return 1
	rm -rf "$root"
}

# boot FLAVOUR: runs the guest; 0 if it came to its end by itself, else sets death
boot()
{
	: >"$out/$1.tap"
	start=$(date +%s)
	timeout -k 5 "$limit" qemu-system-x86_64 -accel tcg -cpu max -smp 1 -m 1500 \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$out/$1.console" -serial "file:$out/$1.tap" \
		-kernel "$kdir/vmlinuz" -initrd "$out/$1.cpio" \
		-append "console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off" \
		</dev/null >"$out/$1.qemu" 2>&1
	status=$?
	took=$(($(date +%s) - start))
	tr -d '\r' <"$out/$1.tap" >"$out/$1.tap.new" && mv "$out/$1.tap.new" "$out/$1.tap"
	if grep -q '^# end$' "$out/$1.tap"; then
		return 0
	elif grep -aq 'Kernel panic' "$out/$1.console"; then
		death="guest panic: $(grep -a 'Kernel panic' "$out/$1.console" | head -n 1 |
			sed 's/.*Kernel panic/Kernel panic/' | tr -d '\r')"
	elif [ $status = 124 ] || [ $status = 137 ]; then
		death="guest hung: no end within $limit seconds"
	else
		death="guest stopped: $(tail -n 1 "$out/$1.qemu" | tr -d '\r') (qemu status $status)"
	fi
	return 1
}

flavour()
{
	rm -f "$out/$1.trs"
	why=$(obstacle)
	if [ -n "$why" ] || ! fetch "$1"; then
		result SKIP "$1" "all: $why"
		return
	fi
	if ! image "$1"; then
		result FAIL "$1" "making the initramfs"
		return
	fi
	if ! boot "$1"; then
		echo "# qemu $1: $death; tried once more"
		if ! boot "$1"; then
			tail -n 30 "$out/$1.console" | sed 's/^/# /'
			result FAIL "$1" "boot: $death"
		fi
	fi
	rm -f "$out/$1.cpio"
	plan=0
	points=0
	while read -r line; do
		case $line in
		1..*) plan=${line#1..} ;;
		"ok "*"# SKIP"*) points=$((points + 1)); result SKIP "$1" "${line#ok }" ;;
		"ok "*) points=$((points + 1)); result PASS "$1" "${line#ok }" ;;
		"not ok "*) points=$((points + 1)); result FAIL "$1" "${line#not ok }" ;;
		"# end" | "") ;;
		*) echo "  $line" ;;
		esac
	done <"$out/$1.tap"
	if [ $points != "$plan" ] || [ $points = 0 ]; then
		result FAIL "$1" "plan: $plan tests announced, $points reported"
	fi
	echo "# qemu $1: $(basename "$kdir"), $took seconds"
}

[ $# != 0 ] || set -- 6.1 6.12
for f; do
	flavour "$f"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] || exit 1
[ $passed != 0 ] || exit 77
