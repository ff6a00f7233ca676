# Shared by the scripts of this folder. Source it; it does nothing by itself.
#
# Sets ROOT (the project), CHATMCP_DEPS (what dev/setup filled) and offers say, die, step and use_tools.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
export CHATMCP_DEPS=${CHATMCP_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/chatmcp}

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }
die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# The comment at the head of a script is its --help.
print_help() {
    sed -n '2,/^[^#]/{/^#/!d;s/^# \{0,1\}//;p}' "$0"
}

# use_tools: the pinned Node and Go come before anything that the machine has.
use_tools() {
    [[ -x $CHATMCP_DEPS/tools/bin/node ]] || die "no tools in $CHATMCP_DEPS: run dev/setup first"
    export PATH=$CHATMCP_DEPS/tools/bin:$CHATMCP_DEPS/conformance/bin:$PATH
    export GOPATH=$CHATMCP_DEPS/go GOTOOLCHAIN=local GOFLAGS=-modcacherw
}

# configure PRESET: makes build/PRESET ready; quiet unless it fails.
configure() {
    mkdir -p "$ROOT/build"
    local log=$ROOT/build/$1-configure.log
    (cd "$ROOT" && cmake --preset "$1") >"$log" 2>&1 || {
        cat "$log" >&2
        die "cmake --preset $1 failed"
    }
}

# build PRESET [TARGET...]: configures and builds, with ninja's progress.
build() {
    local preset=$1 began=$SECONDS
    shift
    configure "$preset"
    say "building build/$preset (${*:-all})"
    cmake --build "$ROOT/build/$preset" -j "$(jobs_count)" ${1+--target "$@"}
    say "built build/$preset in $((SECONDS - began)) s"
}

# build_generated PRESET: makes generated sources (protobuf) without building the rest, for tools that only read.
build_generated() {
    local targets
    targets=$(ninja -C "$ROOT/build/$1" -t targets all 2>/dev/null | sed -n 's/^\(.*\.pb\.\(h\|cc\)\): CUSTOM_COMMAND$/\1/p')
    [[ -z $targets ]] || xargs ninja -C "$ROOT/build/$1" <<<"$targets" >/dev/null
}

# Jobs: all cores, fewer where memory is short (a heavy unit takes about 1.5 GB).
jobs_count() {
    local cores memory_gb
    cores=$(nproc)
    memory_gb=$(awk '/MemAvailable/ { print int($2 / 1048576) }' /proc/meminfo)
    local by_memory=$(((memory_gb * 2) / 3))
    ((by_memory < 1)) && by_memory=1
    echo $((cores < by_memory ? cores : by_memory))
}

# The compiler's cache is shared by all build folders, and by clones at other places.
export CCACHE_BASEDIR=$ROOT CCACHE_NOHASHDIR=1
