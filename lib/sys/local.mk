# SPDX-License-Identifier: LGPL-2.1-or-later
lib_libbu_a_SOURCES += lib/sys/sys.h
lib_libbu_a_SOURCES += lib/sys/uapi.h
lib_libbu_a_SOURCES += lib/sys/attach.h
lib_libbu_a_SOURCES += lib/sys/attachopt.def
lib_libbu_a_SOURCES += lib/sys/attach.c
lib_libbu_a_SOURCES += lib/sys/attach_parse.c
lib_libbu_a_SOURCES += lib/sys/attach_probe.c
lib_libbu_a_SOURCES += lib/sys/attach_xdp.c
lib_libbu_a_SOURCES += lib/sys/attach_btf.c
lib_libbu_a_SOURCES += lib/sys/attach_perf.c
lib_libbu_a_SOURCES += lib/sys/perfevent.def
lib_libbu_a_SOURCES += lib/sys/attach_iter.c
lib_libbu_a_SOURCES += lib/sys/blame_trace.c
lib_libbu_a_SOURCES += lib/sys/blame.c
lib_libbu_a_SOURCES += lib/sys/call.c
lib_libbu_a_SOURCES += lib/sys/elfsym.c
lib_libbu_a_SOURCES += lib/sys/explain.c
lib_libbu_a_SOURCES += lib/sys/feat.c
lib_libbu_a_SOURCES += lib/sys/kconfig.c
check_PROGRAMS += tests/unit/sys_test tests/unit/uapi_test
tests_unit_sys_test_SOURCES = tests/unit/sys_test.c tests/unit/tap.h
tests_unit_sys_test_LDADD = $(LIBS_BU)
tests_unit_uapi_test_SOURCES = tests/unit/uapi_test.c tests/unit/uapi_linux.c \
	tests/unit/uapi_row.h tests/unit/uapi_list.h
TESTS += tests/unit/sys_test
TESTS += tests/unit/uapi_test
