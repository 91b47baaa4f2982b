lib_libbu_a_SOURCES += lib/base/base.h
