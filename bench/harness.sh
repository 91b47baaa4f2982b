# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Sourced by each benchmark. A benchmark compares ours with a peer on this machine, now; where the
# peer is missing it says SKIP and why, and ends with 0.
#
#   $build         the build tree        $work      an empty directory, removed at the end
#   $runs          runs of each ($RUNS)  skip WHY
#   compare ...    see compare.c

set -eu
src=${BPFUTILS_SRCDIR:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck disable=SC2034
build=${BPFUTILS_BUILDDIR:-$src/build}
runs=${RUNS:-5}
work=$(mktemp -d "${TMPDIR:-/tmp}/bpfutils-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

skip()
{
	echo "SKIP: $(basename "$0"): $*"
	exit 0
}

compare()
{
	"$build/bench/compare" -n "$runs" "$@"
}
