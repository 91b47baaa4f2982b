# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += \
	lib/vm/cmd.h \
	lib/vm/cmd_map.h \
	lib/vm/helper.h \
	lib/vm/interp.def \
	lib/vm/interp.h \
	lib/vm/life.h \
	lib/vm/lock.h \
	lib/vm/map.h \
	lib/vm/map_hash.h \
	lib/vm/private.h \
	lib/vm/run.h \
	lib/vm/seq.h \
	lib/vm/vm.h \
	lib/vm/vmhelper.def \
	lib/vm/world.h \
	lib/vm/check.c \
	lib/vm/cmd.c \
	lib/vm/cmd_batch.c \
	lib/vm/cmd_btf.c \
	lib/vm/cmd_link.c \
	lib/vm/cmd_map.c \
	lib/vm/cmd_obj.c \
	lib/vm/cmd_prog.c \
	lib/vm/ctx.c \
	lib/vm/decode.c \
	lib/vm/event.c \
	lib/vm/helper.c \
	lib/vm/helper_map.c \
	lib/vm/helper_net.c \
	lib/vm/helper_print.c \
	lib/vm/helper_task.c \
	lib/vm/interp.c \
	lib/vm/lock.c \
	lib/vm/map.c \
	lib/vm/map_array.c \
	lib/vm/map_fds.c \
	lib/vm/map_hash.c \
	lib/vm/map_hash_walk.c \
	lib/vm/map_lpm.c \
	lib/vm/map_perf.c \
	lib/vm/map_queue.c \
	lib/vm/map_ringbuf.c \
	lib/vm/mem.c \
	lib/vm/mmap.c \
	lib/vm/fsck.c \
	lib/vm/ids.c \
	lib/vm/life.c \
	lib/vm/member.c \
	lib/vm/window.c \
	lib/vm/obj.c \
	lib/vm/pin.c \
	lib/vm/run.c \
	lib/vm/testrun.c \
	lib/vm/trace.c \
	lib/vm/uaccess.c \
	lib/vm/vm.c \
	lib/vm/vmbtf.c \
	lib/vm/progfile.h \
	lib/vm/vmlog.c \
	lib/vm/progbtf.c \
	lib/vm/progfile.c \
	lib/vm/vmstats.c \
	lib/vm/feed.c \
	lib/vm/link_info.c \
	lib/vm/link.h \
	lib/vm/xdp.c \
	lib/vm/iter.h \
	lib/vm/iter.c \
	lib/vm/world.c

check_PROGRAMS += tests/unit/vm_array_test
tests_unit_vm_array_test_SOURCES = tests/unit/vm_array_test.c
tests_unit_vm_array_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_array_test

check_PROGRAMS += tests/unit/vm_world_test
tests_unit_vm_world_test_SOURCES = tests/unit/vm_world_test.c
tests_unit_vm_world_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_world_test

check_PROGRAMS += tests/model
tests_model_SOURCES = tests/map_model/model.h tests/map_model/evict.c tests/map_model/exec.c \
	tests/map_model/model.c tests/map_model/types.c
tests_model_LDADD = $(LIBS_BU)
TESTS += tests/model
check_PROGRAMS += tests/unit/vm_cmd_test
tests_unit_vm_cmd_test_SOURCES = tests/unit/vm_cmd_test.c
tests_unit_vm_cmd_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_cmd_test
check_PROGRAMS += tests/differ
tests_differ_SOURCES = tests/attributes/core.h tests/attributes/differ.h tests/attributes/fixtures.h \
	tests/attributes/batch.c tests/attributes/core.c tests/attributes/fixtures.c tests/attributes/gen.c \
	tests/attributes/main.c tests/attributes/map.c tests/attributes/obj.c tests/attributes/prog.c
tests_differ_LDADD = $(LIBS_BU)
TESTS += tests/differ

# killstorm --rounds N: processes that are killed anywhere.
check_PROGRAMS += tests/killstorm
tests_killstorm_SOURCES = tests/storm/killstorm.h tests/storm/main.c \
	tests/storm/maps.c tests/storm/progs.c tests/storm/objects.c
tests_killstorm_LDADD = $(LIBS_BU)
TESTS += tests/killstorm

check_PROGRAMS += tests/unit/vm_lock_test
tests_unit_vm_lock_test_SOURCES = tests/unit/vm_lock_test.c
tests_unit_vm_lock_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_lock_test

check_PROGRAMS += tests/unit/vm_hash_test
tests_unit_vm_hash_test_SOURCES = tests/unit/vm_hash_test.c
tests_unit_vm_hash_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_hash_test
check_PROGRAMS += tests/unit/vm_trace_test
tests_unit_vm_trace_test_SOURCES = tests/unit/vm_trace_test.c
tests_unit_vm_trace_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_trace_test

check_PROGRAMS += tests/fuzz/vm_maps_fuzz
tests_fuzz_vm_maps_fuzz_SOURCES = tests/fuzz/vm_maps_fuzz.c
tests_fuzz_vm_maps_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/vm_maps_fuzz

# Damaged worlds; ROUNDS as argument.
check_PROGRAMS += tests/fuzz/world_fuzz
tests_fuzz_world_fuzz_SOURCES = tests/fuzz/world_fuzz.c tests/storm/killstorm.h tests/storm/progs.c
tests_fuzz_world_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/world_fuzz
check_PROGRAMS += tests/unit/vm_mem_test
tests_unit_vm_mem_test_SOURCES = tests/unit/vm_mem_test.c tests/unit/vm_run.h
tests_unit_vm_mem_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_mem_test
check_PROGRAMS += tests/unit/vm_interp_test
tests_unit_vm_interp_test_SOURCES = tests/unit/vm_interp_test.c tests/unit/vm_run.h
tests_unit_vm_interp_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_interp_test

check_PROGRAMS += tests/unit/vm_link_test
tests_unit_vm_link_test_SOURCES = tests/unit/vm_link_test.c
tests_unit_vm_link_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_link_test
# Random instructions; ROUNDS as argument.
check_PROGRAMS += tests/fuzz/vm_insn_fuzz
tests_fuzz_vm_insn_fuzz_SOURCES = tests/fuzz/vm_insn_fuzz.c tests/unit/vm_run.h
tests_fuzz_vm_insn_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/vm_insn_fuzz
check_PROGRAMS += tests/unit/vm_spin_test
tests_unit_vm_spin_test_SOURCES = tests/unit/vm_spin_test.c
tests_unit_vm_spin_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_spin_test
