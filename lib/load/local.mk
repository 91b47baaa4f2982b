lib_libbu_a_SOURCES += lib/load/load.h
