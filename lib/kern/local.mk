# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/kern/kern.h
lib_libbu_a_SOURCES += lib/kern/private.h
lib_libbu_a_SOURCES += lib/kern/events.c
lib_libbu_a_SOURCES += lib/kern/kern.c
lib_libbu_a_SOURCES += lib/kern/netlink.c
lib_libbu_a_SOURCES += lib/kern/pin.c
lib_libbu_a_SOURCES += lib/kern/proc.c
lib_libbu_a_SOURCES += lib/kern/kern.h lib/kern/private.h lib/kern/events.c lib/kern/kern.c lib/kern/btf.c \
	lib/kern/netlink.c lib/kern/pin.c lib/kern/proc.c
check_PROGRAMS += tests/unit/kern_test
tests_unit_kern_test_SOURCES = tests/unit/kern_test.c
tests_unit_kern_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/kern_test
