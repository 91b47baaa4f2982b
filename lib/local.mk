# SPDX-License-Identifier: LGPL-2.1-or-later
# One convenience library for the three tools; each folder appends its files.
noinst_LIBRARIES += lib/libbu.a
lib_libbu_a_SOURCES =
include lib/base/local.mk
include lib/isa/local.mk
include lib/btf/local.mk
include lib/obj/local.mk
include lib/sys/local.mk
include lib/kern/local.mk
include lib/vm/local.mk
include lib/load/local.mk
