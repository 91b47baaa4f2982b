lib_libbu_a_SOURCES += lib/btf/btf.h
