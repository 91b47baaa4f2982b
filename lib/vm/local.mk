# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/vm/cmd.h
lib_libbu_a_SOURCES += lib/vm/cmd_map.h
lib_libbu_a_SOURCES += lib/vm/helper.h
lib_libbu_a_SOURCES += lib/vm/interp.def
lib_libbu_a_SOURCES += lib/vm/interp_body.def
lib_libbu_a_SOURCES += lib/vm/interp_goto.h
lib_libbu_a_SOURCES += lib/vm/interp_tail.h
lib_libbu_a_SOURCES += lib/vm/interp.h
lib_libbu_a_SOURCES += lib/vm/life.h
lib_libbu_a_SOURCES += lib/vm/lock.h
lib_libbu_a_SOURCES += lib/vm/map.h
lib_libbu_a_SOURCES += lib/vm/map_dev.h
lib_libbu_a_SOURCES += lib/vm/map_hash.h
lib_libbu_a_SOURCES += lib/vm/private.h
lib_libbu_a_SOURCES += lib/vm/run.h
lib_libbu_a_SOURCES += lib/vm/seq.h
lib_libbu_a_SOURCES += lib/vm/vm.h
lib_libbu_a_SOURCES += lib/vm/vmhelper.def
lib_libbu_a_SOURCES += lib/vm/world.h
lib_libbu_a_SOURCES += lib/vm/check.c
lib_libbu_a_SOURCES += lib/vm/cmd.c
lib_libbu_a_SOURCES += lib/vm/cmd_batch.c
lib_libbu_a_SOURCES += lib/vm/cmd_btf.c
lib_libbu_a_SOURCES += lib/vm/cmd_link.c
lib_libbu_a_SOURCES += lib/vm/cmd_map.c
lib_libbu_a_SOURCES += lib/vm/cmd_obj.c
lib_libbu_a_SOURCES += lib/vm/cmd_prog.c
lib_libbu_a_SOURCES += lib/vm/ctx.c
lib_libbu_a_SOURCES += lib/vm/ctx.def
lib_libbu_a_SOURCES += lib/vm/ctxrule.c
lib_libbu_a_SOURCES += lib/vm/ctxrule.h
lib_libbu_a_SOURCES += lib/vm/decode.c
lib_libbu_a_SOURCES += lib/vm/env.c
lib_libbu_a_SOURCES += lib/vm/env.h
lib_libbu_a_SOURCES += lib/vm/event.c
lib_libbu_a_SOURCES += lib/vm/fuse.c
lib_libbu_a_SOURCES += lib/vm/helper.c
lib_libbu_a_SOURCES += lib/vm/helper_cgroup.c
lib_libbu_a_SOURCES += lib/vm/helper_dynptr.c
lib_libbu_a_SOURCES += lib/vm/helper_map.c
lib_libbu_a_SOURCES += lib/vm/helper_net.c
lib_libbu_a_SOURCES += lib/vm/helper_print.c
lib_libbu_a_SOURCES += lib/vm/helper_room.c
lib_libbu_a_SOURCES += lib/vm/helper_skb.c
lib_libbu_a_SOURCES += lib/vm/helper_sock.c
lib_libbu_a_SOURCES += lib/vm/helper_sys.c
lib_libbu_a_SOURCES += lib/vm/helper_task.c
lib_libbu_a_SOURCES += lib/vm/helper_trace.c
lib_libbu_a_SOURCES += lib/vm/interp.c
lib_libbu_a_SOURCES += lib/vm/lock.c
lib_libbu_a_SOURCES += lib/vm/map.c
lib_libbu_a_SOURCES += lib/vm/map_array.c
lib_libbu_a_SOURCES += lib/vm/map_bloom.c
lib_libbu_a_SOURCES += lib/vm/map_arena.c
lib_libbu_a_SOURCES += lib/vm/map_cgroup.c
lib_libbu_a_SOURCES += lib/vm/map_dev.c
lib_libbu_a_SOURCES += lib/vm/map_fds.c
lib_libbu_a_SOURCES += lib/vm/map_hash.c
lib_libbu_a_SOURCES += lib/vm/map_hash_walk.c
lib_libbu_a_SOURCES += lib/vm/map_lpm.c
lib_libbu_a_SOURCES += lib/vm/map_perf.c
lib_libbu_a_SOURCES += lib/vm/map_queue.c
lib_libbu_a_SOURCES += lib/vm/map_ringbuf.c
lib_libbu_a_SOURCES += lib/vm/map_stacktrace.c
lib_libbu_a_SOURCES += lib/vm/mem.c
lib_libbu_a_SOURCES += lib/vm/mmap.c
lib_libbu_a_SOURCES += lib/vm/fsck.c
lib_libbu_a_SOURCES += lib/vm/ids.c
lib_libbu_a_SOURCES += lib/vm/life.c
lib_libbu_a_SOURCES += lib/vm/member.c
lib_libbu_a_SOURCES += lib/vm/window.c
lib_libbu_a_SOURCES += lib/vm/obj.c
lib_libbu_a_SOURCES += lib/vm/pin.c
lib_libbu_a_SOURCES += lib/vm/run.c
lib_libbu_a_SOURCES += lib/vm/testrun.c
lib_libbu_a_SOURCES += lib/vm/trace.c
lib_libbu_a_SOURCES += lib/vm/uaccess.c
lib_libbu_a_SOURCES += lib/vm/vm.c
lib_libbu_a_SOURCES += lib/vm/vmbtf.c
lib_libbu_a_SOURCES += lib/vm/progfile.h
lib_libbu_a_SOURCES += lib/vm/vmlog.c
lib_libbu_a_SOURCES += lib/vm/progbtf.c
lib_libbu_a_SOURCES += lib/vm/progfile.c
lib_libbu_a_SOURCES += lib/vm/vmstats.c
lib_libbu_a_SOURCES += lib/vm/feed.c
lib_libbu_a_SOURCES += lib/vm/link_info.c
lib_libbu_a_SOURCES += lib/vm/link.h
lib_libbu_a_SOURCES += lib/vm/xdp.c
lib_libbu_a_SOURCES += lib/vm/iter.h
lib_libbu_a_SOURCES += lib/vm/iter.c
lib_libbu_a_SOURCES += lib/vm/world.c

check_PROGRAMS += tests/unit/vm_bloom_test
tests_unit_vm_bloom_test_SOURCES = tests/unit/vm_bloom_test.c
tests_unit_vm_bloom_test_LDADD = $(LIBS_BU)
TESTS += tests/unit/vm_bloom_test
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
tests_unit_vm_interp_test_SOURCES = tests/unit/vm_interp_test.c tests/unit/vm_run.h tests/unit/tap.h
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
check_PROGRAMS += tests/fuzz/vm_helper_fuzz
tests_fuzz_vm_helper_fuzz_SOURCES = tests/fuzz/vm_helper_fuzz.c tests/unit/vm_run.h
tests_fuzz_vm_helper_fuzz_LDADD = $(LIBS_BU)
TESTS += tests/fuzz/vm_helper_fuzz

check_PROGRAMS += tests/ctx_model
tests_ctx_model_SOURCES = tests/ctx_model.c
tests_ctx_model_LDADD = $(LIBS_BU)
TESTS += tests/ctx_model
