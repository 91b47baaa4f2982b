# SPDX-License-Identifier: GPL-2.0-or-later
bin_PROGRAMS += bpftool/bpftool
TOOL_PARTS =
TOOL_PARTS += bpftool/tool.h
TOOL_PARTS += bpftool/cmd.def
TOOL_PARTS += bpftool/word.def
TOOL_PARTS += bpftool/cmd.c
TOOL_PARTS += bpftool/help.c
TOOL_PARTS += bpftool/complete.c
TOOL_PARTS += bpftool/grammar.c
TOOL_PARTS += bpftool/report.c
TOOL_PARTS += bpftool/handle.c
TOOL_PARTS += bpftool/refs.c
TOOL_PARTS += bpftool/data.c
TOOL_PARTS += bpftool/btf.c
TOOL_PARTS += bpftool/btfraw.c
TOOL_PARTS += bpftool/feature.c
TOOL_PARTS += bpftool/gen.h
TOOL_PARTS += bpftool/gen.c
TOOL_PARTS += bpftool/skel.h
TOOL_PARTS += bpftool/skel.c
TOOL_PARTS += bpftool/skelown.c
TOOL_PARTS += bpftool/ksym.c
TOOL_PARTS += bpftool/metadata.c
TOOL_PARTS += bpftool/prog.c
TOOL_PARTS += bpftool/load.h
TOOL_PARTS += bpftool/load.c
TOOL_PARTS += bpftool/unload.c
TOOL_PARTS += bpftool/structops.c
TOOL_PARTS += bpftool/run.c
TOOL_PARTS += bpftool/progcode.h
TOOL_PARTS += bpftool/progcode.c
TOOL_PARTS += bpftool/attach.c
TOOL_PARTS += bpftool/stats.h
TOOL_PARTS += bpftool/stats.c
TOOL_PARTS += bpftool/top.c
TOOL_PARTS += bpftool/profile.c
TOOL_PARTS += bpftool/xlated.c
TOOL_PARTS += bpftool/visual.c
TOOL_PARTS += bpftool/progasm.c
TOOL_PARTS += bpftool/disasm.h
TOOL_PARTS += bpftool/disasm.c
TOOL_PARTS += bpftool/jited.c
TOOL_PARTS += bpftool/object.h
TOOL_PARTS += bpftool/object.c
TOOL_PARTS += bpftool/objdump.c
TOOL_PARTS += bpftool/match.c
TOOL_PARTS += bpftool/map.c
TOOL_PARTS += bpftool/mapcreate.c
TOOL_PARTS += bpftool/mapflag.def
TOOL_PARTS += bpftool/dump.c
TOOL_PARTS += bpftool/pattern.c
TOOL_PARTS += bpftool/mapwalk.c
TOOL_PARTS += bpftool/keywalk.c
TOOL_PARTS += bpftool/hashsplit.c
TOOL_PARTS += bpftool/storage.c
TOOL_PARTS += bpftool/elems.c
TOOL_PARTS += bpftool/queue.c
TOOL_PARTS += bpftool/mapset.c
TOOL_PARTS += bpftool/snapshot.h
TOOL_PARTS += bpftool/snapshot.c
TOOL_PARTS += bpftool/snapdiff.c
TOOL_PARTS += bpftool/snaprestore.c
TOOL_PARTS += bpftool/ringpeek.c
TOOL_PARTS += bpftool/eventpipe.c
TOOL_PARTS += bpftool/mapwatch.c
TOOL_PARTS += bpftool/stack.c
TOOL_PARTS += bpftool/link.c
TOOL_PARTS += bpftool/hooks.h
TOOL_PARTS += bpftool/cgroup.c
TOOL_PARTS += bpftool/net.c
TOOL_PARTS += bpftool/perf.c
TOOL_PARTS += bpftool/token.c
TOOL_PARTS += bpftool/graph.h
TOOL_PARTS += bpftool/graph.c
TOOL_PARTS += bpftool/attached.c
TOOL_PARTS += bpftool/tree.c
TOOL_PARTS += bpftool/mem.c
TOOL_PARTS += bpftool/line.c
TOOL_PARTS += bpftool/shell.c
TOOL_PARTS += bpftool/shellcmd.c
TOOL_PARTS += bpftool/world.c
TOOL_PARTS += bpftool/tracelog.c
bpftool_bpftool_SOURCES = bpftool/main.c $(TOOL_PARTS)
bpfutilsdir = $(includedir)/bpfutils
dist_bpfutils_HEADERS = include/bpfutils/skel.h
bpftool_bpftool_LDADD = $(LIBS_BU) $(READLINE_LIBS) $(CAPSTONE_LIBS)

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
check_PROGRAMS += tests/mapfd
tests_mapfd_SOURCES = tests/mapfd.c
tests_mapfd_LDADD = $(LIBS_BU)
TOOL_BATS =
TOOL_BATS += tests/tool.bats
TOOL_BATS += tests/tool_show.bats
TOOL_BATS += tests/tool-xlated.bats
TOOL_BATS += tests/tool-jited.bats
TOOL_BATS += tests/tool-object.bats
TOOL_BATS += tests/tool-match.bats
TOOL_BATS += tests/tool_dump.bats
TOOL_BATS += tests/tool-queue.bats
TOOL_BATS += tests/tool_shell.bats
TOOL_BATS += tests/tool_man.bats
TOOL_BATS += tests/tool-prog.bats
TOOL_BATS += tests/tool-typed.bats
TOOL_BATS += tests/tool-load.bats
TOOL_BATS += tests/tool-snapshot.bats
TOOL_BATS += tests/tool-upstream.bats
TOOL_BATS += tests/tool-top.bats
TOOL_BATS += tests/tool-unload.bats
TOOL_BATS += tests/tool-structops.bats
check_PROGRAMS += tests/tool_rate
tests_tool_rate_SOURCES = tests/tool_rate.c
tests_tool_rate_LDADD = $(LIBS_BU)
TOOL_BATS += tests/tool-net.bats
TOOL_BATS += tests/tool-tree.bats
TOOL_BATS += tests/tool-mapdump.bats
TOOL_BATS += tests/tool-btf.bats
TOOL_BATS += tests/tool-mapverb.bats
TOOL_BATS += tests/tool-mapkinds.bats
TOOL_BATS += tests/tool-gen.bats
TOOL_BATS += tests/tool-feature.bats
TOOL_BATS += tests/tool-events.bats
TOOL_BATS += tests/tool-mapunpriv.bats
TOOL_BATS += tests/tool-list.bats
TOOL_BATS += tests/tool-shell.bats
TOOL_BATS += tests/tool-json.bats
TOOL_BATS += tests/tool-compat.bats
TOOL_BATS += tests/tool-hostile.bats
TOOL_BATS += tests/tool-compshell.bats
TOOL_BATS += tests/tool-unpriv.bats
TESTS += $(TOOL_BATS)
EXTRA_DIST += $(TOOL_BATS) tests/tool_helper.bash
check_PROGRAMS += tests/unit/disasm_test
tests_unit_disasm_test_SOURCES = tests/unit/disasm_test.c $(TOOL_PARTS)
tests_unit_disasm_test_LDADD = $(LIBS_BU) $(READLINE_LIBS) $(CAPSTONE_LIBS)
TESTS += tests/unit/disasm_test
EXTRA_DIST += tests/ontty.py tests/json_fuzz.py
check_PROGRAMS += tests/unit/tool_dump_test
tests_unit_tool_dump_test_SOURCES = tests/unit/tool_dump_test.c $(TOOL_PARTS)
tests_unit_tool_dump_test_LDADD = $(LIBS_BU) $(READLINE_LIBS) $(CAPSTONE_LIBS)
TESTS += tests/unit/tool_dump_test
TESTS += tests/tool-typed.bats
EXTRA_DIST += tests/tool-typed.bats
check_PROGRAMS += tests/btf_c_check
tests_btf_c_check_SOURCES = tests/btf_c_check.c
tests_btf_c_check_LDADD = $(LIBS_BU)
EXTRA_DIST += tests/golden/btf/shapes.c
EXTRA_DIST += tests/golden/gen/sk.bpf.c tests/golden/gen/use.c tests/golden/gen/usesub.c
EXTRA_DIST += tests/golden/gen/own.bpf.c tests/golden/gen/useown.c
EXTRA_DIST += tests/golden/gen/ownmaps.bpf.c tests/golden/gen/useownmaps.c
check_PROGRAMS += tests/unit/tool_complete_test
tests_unit_tool_complete_test_SOURCES = tests/unit/tool_complete_test.c $(TOOL_PARTS)
tests_unit_tool_complete_test_LDADD = $(LIBS_BU) $(READLINE_LIBS)
TESTS += tests/unit/tool_complete_test
