# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += bpftool/bpftool
TOOL_PARTS = bpftool/tool.h bpftool/cmd.c bpftool/report.c bpftool/handle.c \
	bpftool/refs.c bpftool/data.c bpftool/ksym.c bpftool/prog.c \
	bpftool/xlated.c bpftool/map.c bpftool/dump.c bpftool/link.c bpftool/shell.c bpftool/world.c bpftool/tracelog.c
bpftool_bpftool_SOURCES = bpftool/main.c $(TOOL_PARTS)
bpftool_bpftool_LDADD = $(LIBS_BU) $(READLINE_LIBS)

# Completion for the three programs, under the names that --program-prefix and its like give them.
COMPLETION = bpftool/completion/bash.in bpftool/completion/zsh.in bpftool/completion/fish.in
EXTRA_DIST += $(COMPLETION)
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
COMPLETED = $(bin_PROGRAMS)
install-completion:
	$(AM_V_at)$(MKDIR_P) '$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)' '$(DESTDIR)$(fishcompdir)'
	$(AM_V_at)for p in $(COMPLETED); do \
		n=`echo "$$p" | sed 's,.*/,,; s,$(EXEEXT)$$,,; $(transform)'`; \
		sed "s,@NAME@,$$n," $(srcdir)/bpftool/completion/bash.in >'$(DESTDIR)$(bashcompdir)'/$$n && \
		sed "s,@NAME@,$$n," $(srcdir)/bpftool/completion/zsh.in >'$(DESTDIR)$(zshcompdir)'/_$$n && \
		sed "s,@NAME@,$$n," $(srcdir)/bpftool/completion/fish.in >'$(DESTDIR)$(fishcompdir)'/$$n.fish || exit 1; \
	done
uninstall-completion:
	$(AM_V_at)for p in $(COMPLETED); do \
		n=`echo "$$p" | sed 's,.*/,,; s,$(EXEEXT)$$,,; $(transform)'`; \
		rm -f '$(DESTDIR)$(bashcompdir)'/$$n '$(DESTDIR)$(zshcompdir)'/_$$n \
			'$(DESTDIR)$(fishcompdir)'/$$n.fish; \
	done
install-data-local: install-completion
uninstall-local: uninstall-completion
.PHONY: install-completion uninstall-completion

# Objects to look at, for the tests.
check_PROGRAMS += tests/tool_zoo
tests_tool_zoo_SOURCES = tests/tool_zoo.c
tests_tool_zoo_LDADD = $(LIBS_BU) -lpthread
TOOL_BATS = tests/tool.bats tests/tool_show.bats tests/tool_dump.bats tests/tool_shell.bats \
	tests/tool_man.bats
TESTS += $(TOOL_BATS)
EXTRA_DIST += $(TOOL_BATS) tests/tool_helper.bash
check_PROGRAMS += tests/unit/tool_dump_test
tests_unit_tool_dump_test_SOURCES = tests/unit/tool_dump_test.c $(TOOL_PARTS)
tests_unit_tool_dump_test_LDADD = $(LIBS_BU) $(READLINE_LIBS)
TESTS += tests/unit/tool_dump_test
