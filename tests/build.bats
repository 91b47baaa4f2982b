#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# configure, make install, make dist and bootstrap, as those who package and build see them.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	# The make that runs the tests is not to talk to the makes in here.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
}

need_vpath()
{
	[ ! -e "$SRCDIR/config.status" ] || skip "needs a source tree that is not configured itself"
}

@test "install puts three programs and their pages, uninstall leaves no file" {
	run -0 make -s -C "$BUILDDIR" install DESTDIR="$T/root" prefix=/usr
	local f
	for f in bin/bpf-as bin/bpf-ld bin/bpftool share/man/man1/bpf-as.1 share/man/man1/bpf-ld.1 \
		share/man/man8/bpftool.8 share/man/man7/bpf-asm.7; do
		assert [ -s "$T/root/usr/$f" ]
	done
	run -0 ls "$T/root/usr/bin"
	assert_output $'bpf-as\nbpf-ld\nbpftool'
	run -0 make -s -C "$BUILDDIR" uninstall DESTDIR="$T/root" prefix=/usr
	run -0 find "$T/root" ! -type d
	assert_output ''
}

@test "a program prefix renames programs and pages" {
	run -0 make -s -C "$BUILDDIR" install DESTDIR="$T/root" prefix=/usr program_transform_name='s,^,bu-,'
	run -0 ls "$T/root/usr/bin"
	assert_output $'bu-bpf-as\nbu-bpf-ld\nbu-bpftool'
	assert [ -s "$T/root/usr/share/man/man1/bu-bpf-as.1" ]
	assert [ -s "$T/root/usr/share/man/man8/bu-bpftool.8" ]
	run -0 make -s -C "$BUILDDIR" uninstall DESTDIR="$T/root" prefix=/usr program_transform_name='s,^,bu-,'
	run -0 find "$T/root" ! -type d
	assert_output ''
}

@test "make dist twice gives the same bytes, with all files of the checkout" {
	need_vpath
	mkdir "$T/b"
	cd "$T/b"
	"$SRCDIR/configure" -q
	run -0 make -s dist
	mkdir first
	mv bpfutils-*.tar.xz first/
	umask 077
	run -0 make -s dist
	run -0 cmp first/*.tar.xz bpfutils-*.tar.xz
	tar -tf first/*.tar.xz | sed 's|^[^/]*/||' | sort >in-tarball
	if ! git -C "$SRCDIR" ls-files >tracked 2>/dev/null || ! grep -qx configure.ac tracked; then
		skip "needs a git checkout"
	fi
	run -0 bash -c "grep -v '^\.gitignore$' tracked | sort | comm -23 - in-tarball"
	assert_output ''
}

@test "configure names a library that is not there" {
	need_vpath
	mkdir "$T/none"
	PKG_CONFIG_LIBDIR=$T/none run -1 "$SRCDIR/configure" -q
	assert_line --partial 'libelf is needed'
	assert_line --partial 'libelf-dev'
}

@test "configure names a library that does not link" {
	need_vpath
	mkdir "$T/pc"
	printf 'Name: libelf\nDescription: x\nVersion: 1\nLibs: -lelf-of-another-machine\n' >"$T/pc/libelf.pc"
	PKG_CONFIG_LIBDIR=$T/pc run -1 "$SRCDIR/configure" -q
	assert_line --partial 'libelf is needed and does not link'
}

@test "configure goes on without the optional libraries, and fails when they were asked for" {
	need_vpath
	mkdir "$T/pc"
	printf 'Name: libelf\nDescription: x\nVersion: 1\nLibs: -lelf\n' >"$T/pc/libelf.pc"
	PKG_CONFIG_LIBDIR=$T/pc run -0 "$SRCDIR/configure"
	assert_line --regexp '^ *readline +no$'
	assert_line --regexp '^ *libnl +no$'
	PKG_CONFIG_LIBDIR=$T/pc run -1 "$SRCDIR/configure" -q --with-readline
	assert_line --partial 'libreadline-dev'
	PKG_CONFIG_LIBDIR=$T/pc run -1 "$SRCDIR/configure" -q --with-libnl
	assert_line --partial 'libnl-route-3-dev'
}

@test "bootstrap: a wrong command is a usage error, help is not" {
	run -2 "$SRCDIR/bootstrap" chekc
	assert_output --partial "unknown command 'chekc'"
	run -0 "$SRCDIR/bootstrap" --help
	assert_output --partial 'Usage: ./bootstrap'
}

@test "bootstrap: a checkout of somebody else is named as the trouble" {
	need_root
	need_cmd setpriv
	local dir
	dir=$(mktemp -d /tmp/bpfutils-test.XXXXXX)
	chmod 755 "$dir"
	cp "$SRCDIR/bootstrap" "$dir/"
	run -1 setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/bootstrap"
	rm -rf "$dir"
	assert_output --partial "$dir cannot be written by nobody (its owner is root)"
}

# A bootstrap of its own in $dir, on a machine whose pkg-config finds nothing and whose apt-get
# only writes down how it was called.
poor_machine()
{
	dir=$(mktemp -d /tmp/bpfutils-test.XXXXXX)
	mkdir "$dir/bin"
	cp "$SRCDIR/bootstrap" "$dir/"
	printf '#!/bin/sh\nexit 1\n' >"$dir/bin/pkg-config"
	printf '#!/bin/sh\necho "$*" >>%s/apt\n' "$dir" >"$dir/bin/apt-get"
	chmod -R a+rX "$dir"
	chmod +x "$dir"/bin/*
}

@test "bootstrap: an ordinary user gets the one line that installs what is missing" {
	need_root
	need_cmd setpriv
	local dir
	poor_machine
	PATH=$dir/bin:$PATH run -1 setpriv --reuid=65534 --regid=65534 --clear-groups "$dir/bootstrap"
	rm -rf "$dir"
	assert_line --regexp '^ *apt-get install -y --no-install-recommends .*libelf-dev libnl-route-3-dev libreadline-dev zlib1g-dev$'
}

@test "bootstrap: root has it installed, and hears what is still missing" {
	need_root
	local dir
	poor_machine
	PATH=$dir/bin:$PATH run -1 "$dir/bootstrap"
	local asked
	asked=$(cat "$dir/apt")
	rm -rf "$dir"
	assert_regex "$asked" '^install -y --no-install-recommends .*libelf-dev'
	assert_line --regexp '^bootstrap: error: still missing after the installation:.* libelf-dev'
}
