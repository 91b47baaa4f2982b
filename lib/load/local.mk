# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/load/load.h lib/load/priv.h lib/load/record.h lib/load/backend.c lib/load/record.c lib/load/value.c lib/load/select.c \
	lib/load/maps.c lib/load/fill.c lib/load/btffix.c lib/load/plan.c lib/load/vlog.c \
	lib/load/progload.c lib/load/btfid.c lib/load/attachmap.c lib/load/run.c
check_PROGRAMS += tests/unit/load_test
tests_unit_load_test_SOURCES = tests/unit/load_test.c
tests_unit_load_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/load_test
check_PROGRAMS += tests/unit/record_test tests/fuzz/rec_fuzz
tests_unit_record_test_SOURCES = tests/unit/record_test.c
tests_unit_record_test_LDADD = $(LIBS_BU)
tests_fuzz_rec_fuzz_SOURCES = tests/fuzz/rec_fuzz.c
tests_fuzz_rec_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/unit/record_test tests/fuzz/rec_fuzz
# Looks into recordings; see tests/replay.bats.
check_PROGRAMS += tests/recdrop
tests_recdrop_SOURCES = tests/recdrop.c
tests_recdrop_LDADD = $(LIBS_BU)
