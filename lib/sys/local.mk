lib_libbu_a_SOURCES += lib/sys/sys.h
