# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/load/replace.c
lib_libbu_a_SOURCES += lib/load/pins.c
lib_libbu_a_SOURCES += lib/load/read.c
lib_libbu_a_SOURCES += lib/load/stream.c
lib_libbu_a_SOURCES += lib/load/load.h
lib_libbu_a_SOURCES += lib/load/priv.h
lib_libbu_a_SOURCES += lib/load/record.h
lib_libbu_a_SOURCES += lib/load/backend.c
lib_libbu_a_SOURCES += lib/load/record.c
lib_libbu_a_SOURCES += lib/load/value.c
lib_libbu_a_SOURCES += lib/load/select.c
lib_libbu_a_SOURCES += lib/load/maps.c
lib_libbu_a_SOURCES += lib/load/fill.c
lib_libbu_a_SOURCES += lib/load/btffix.c
lib_libbu_a_SOURCES += lib/load/plan.c
lib_libbu_a_SOURCES += lib/load/vlog.c
lib_libbu_a_SOURCES += lib/load/progload.c
lib_libbu_a_SOURCES += lib/load/btfid.c
lib_libbu_a_SOURCES += lib/load/usdt.c
lib_libbu_a_SOURCES += lib/load/attachmap.c
lib_libbu_a_SOURCES += lib/load/run.c
lib_libbu_a_SOURCES += lib/load/run.h
lib_libbu_a_SOURCES += lib/load/runlink.c
lib_libbu_a_SOURCES += lib/load/runmap.c
lib_libbu_a_SOURCES += lib/load/runpin.c
lib_libbu_a_SOURCES += lib/load/runprog.c
lib_libbu_a_SOURCES += lib/load/load.h lib/load/priv.h lib/load/record.h lib/load/backend.c lib/load/record.c lib/load/value.c lib/load/select.c \
	lib/load/maps.c lib/load/fill.c lib/load/btffix.c lib/load/plan.c lib/load/vlog.c \
	lib/load/progload.c lib/load/btfid.c lib/load/attachmap.c lib/load/run.c
lib_libbu_a_SOURCES += lib/load/kconfigvars.c
lib_libbu_a_SOURCES += lib/load/structops.c
lib_libbu_a_SOURCES += lib/load/types.c lib/load/rows.c lib/load/batch.c
lib_libbu_a_SOURCES += lib/load/kpriv.h lib/load/ksym.c lib/load/btfold.c lib/load/kcache.c lib/load/kbtf.c lib/load/core.c
lib_libbu_a_SOURCES += lib/load/kpriv.h lib/load/ksym.c lib/load/kbtf.c lib/load/core.c
lib_libbu_a_SOURCES += lib/load/kpriv.h lib/load/kbtf.c lib/load/core.c
lib_libbu_a_SOURCES += lib/load/types.c lib/load/rows.c lib/load/batch.c lib/load/resize.c lib/load/path.c
check_PROGRAMS += tests/unit/load_test
tests_unit_load_test_SOURCES = tests/unit/load_test.c
tests_unit_load_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/load_test
check_PROGRAMS += tests/unit/record_test tests/fuzz/rec_fuzz
tests_unit_record_test_SOURCES = tests/unit/record_test.c
tests_unit_record_test_LDADD = $(LIBS_BU)
tests_fuzz_rec_fuzz_SOURCES = tests/fuzz/rec_fuzz.c
tests_fuzz_rec_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/unit/record_test
TESTS += tests/fuzz/rec_fuzz
# Looks into recordings; see tests/replay.bats.
check_PROGRAMS += tests/recdrop
tests_recdrop_SOURCES = tests/recdrop.c
tests_recdrop_LDADD = $(LIBS_BU)
# Objects that anybody may have written: each cut, and with each byte changed.
LDFUZZ_PARTS = tests/fuzz/ldprop.c tests/fuzz/ldprop.h tests/fuzz/ldprop_plan.c tests/fuzz/ldprop_text.c tests/fuzz/elfmut.c \
	tests/fuzz/elfmut.h tests/fuzz/mutate.c tests/fuzz/mutate.h
check_PROGRAMS += tests/fuzz/cut_fuzz
tests_fuzz_cut_fuzz_SOURCES = tests/fuzz/cut_fuzz.c $(LDFUZZ_PARTS)
tests_fuzz_cut_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/cut_fuzz
EXTRA_DIST += tests/fuzz/objects tests/fuzz/slow
if FUZZERS
noinst_PROGRAMS += tests/fuzz/ldtarget
tests_fuzz_ldtarget_SOURCES = tests/fuzz/ldtarget.c $(LDFUZZ_PARTS)
tests_fuzz_ldtarget_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_ldtarget_LDADD = $(LIBS_BU)
endif
# The verifier's logs, told in words.
lib_libbu_a_SOURCES += lib/load/vlog.h lib/load/vlogreg.c lib/load/vreason.c lib/load/vreason.def lib/load/vtell.c
# CO-RE: what ours makes of an object, beside tests/core_peer.
check_PROGRAMS += tests/core_ours
tests_core_ours_SOURCES = tests/core_ours.c
tests_core_ours_LDADD = $(LIBS_BU)
TESTS += tests/ld-core.bats tests/ld-ksyms.bats
EXTRA_DIST += tests/ld-core.bats tests/ld-ksyms.bats tests/progs/ksyms.c tests/progs/core_self.c tests/progs/core_missing.c
check_PROGRAMS += tests/unit/btfold_test
tests_unit_btfold_test_SOURCES = tests/unit/btfold_test.c
tests_unit_btfold_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/btfold_test
check_PROGRAMS += tests/fuzz/vlog_fuzz
tests_fuzz_vlog_fuzz_SOURCES = tests/fuzz/vlog_fuzz.c
tests_fuzz_vlog_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/vlog_fuzz
