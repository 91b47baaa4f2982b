# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/base/base.h lib/base/diag.def \
	lib/base/arena.c lib/base/buf.c lib/base/str.c lib/base/hash.c lib/base/near.c \
	lib/base/diag.c lib/base/diag_render.c lib/base/out.c lib/base/tty.c \
	lib/base/opt.c lib/base/complete.c lib/base/file.c lib/base/errno.c
check_PROGRAMS += tests/unit/base_test
tests_unit_base_test_SOURCES = tests/unit/base_test.c
tests_unit_base_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/base_test
