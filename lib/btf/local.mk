# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/btf/btf.h lib/btf/btfpriv.h lib/btf/btfgen.c lib/btf/btfext.c \
	lib/btf/btfread.c lib/btf/btfcheck.c lib/btf/btfvalue.c lib/btf/btfinput.c lib/btf/btfproto.c
lib_libbu_a_SOURCES += lib/btf/corepriv.h lib/btf/core.c lib/btf/corespec.c lib/btf/corematch.c lib/btf/btfindex.c
	lib/btf/btfread.c lib/btf/btfcheck.c lib/btf/btfvalue.c lib/btf/btfinput.c lib/btf/btfproto.c lib/btf/btfmerge.c
check_PROGRAMS += tests/unit/btf_test
tests_unit_btf_test_SOURCES = tests/unit/btf_test.c
tests_unit_btf_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/btf_test
TESTS += tests/btf_values.bats
EXTRA_DIST += tests/btf_values.bats
check_PROGRAMS += tests/unit/core_test
tests_unit_core_test_SOURCES = tests/unit/core_test.c
tests_unit_core_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/core_test
