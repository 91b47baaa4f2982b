lib_libbu_a_SOURCES += lib/kern/kern.h
