#!/bin/sh
# Runs a suite of checks in a source tree, unless that was done for the same sources and with the same words.
#   KUBEDEV_TREE       directory of the source tree
#   KUBEDEV_CHECK_KEY  says what is checked and how; names the directory of the results
#   KUBEDEV_EXPORTS    lines that export its variables
#   KUBEDEV_STEPS      shell line that runs it; what it keeps it writes into $ARTIFACTS
#   and what go-env.sh takes
. ../host/prelude.sh
. ../host/session.sh
. ../host/progress.sh
. ./go-env.sh
. ./git-env.sh
. ./junit.sh
take_lock
results=$dir/$KUBEDEV_CHECK_KEY
report() {
    printf '{"dir":%s,"tests":%s,"skipped":%s,"coveragePercent":%s}\n' "$(json_string "$results")" \
        "$(field fact.tests)" "$(field fact.skipped)" "$(field fact.coveragePercent)"
}
note() { # tests skipped coverage
    write_record "kind=checks" "exists=$results" "fact.key=$KUBEDEV_CHECK_KEY" "fact.dir=$results" \
        "fact.tests=$1" "fact.skipped=$2" "fact.coveragePercent=$3"
}
if [ "$(field fact.key)" = "$KUBEDEV_CHECK_KEY" ] && [ -d "$results" ]; then
    note "$(field fact.tests)" "$(field fact.skipped)" "$(field fact.coveragePercent)"
    report
    exit 0
fi

log=$dir/log
suite=''
ended=false
clean_up() {
    end_session "$suite"
    rm -f "$results"/*.test
    # What failed is there to be read, until the next run or the stack's end; what was broken off tells nothing.
    if [ "$ended" = false ]; then rm -rf "$results" "$log"; fi
    [ -f "$record" ] || [ -f "$log" ] || forget
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

cd "$KUBEDEV_TREE" 2>/dev/null || die "there is no directory $KUBEDEV_TREE; expected the source tree"
set_go "$(module_of .)" || die "there is no Go on this host; expected one on the PATH or in /usr/local/go, a BuildHost installs it"
free_mib=$(free_mib_at "$dir")
[ "$free_mib" -ge 1024 ] || die "got $free_mib MiB of free disk at $dir; expected 1024 MiB; remove what is no longer needed"
command -v setsid >/dev/null || die "there is no setsid on this host; expected it (Debian package util-linux)"

# Those of the last run that passed stay until another one has passed.
passed=$(field fact.key)
for other in "$dir"/*/; do
    other=${other%/}
    [ "${other##*/}" = "$passed" ] || rm -rf "$other"
done
rm -rf "$results" "$log"
mkdir -p "$results"
say "checking $KUBEDEV_TREE: $KUBEDEV_STEPS"
begin=$(date +%s)
(
    exec 9>&-
    eval "$KUBEDEV_EXPORTS"
    ARTIFACTS=$results
    PATH=$(dirname "$go"):$PATH
    export ARTIFACTS PATH
    # A cluster is tested only where one is given.
    unset LC_ALL KUBECONFIG
    umask 022
    exec setsid sh -c "$KUBEDEV_STEPS" </dev/null
) >"$log" 2>&1 &
suite=$!
how_far() { echo "checking: $waited_sec s, $(grep . "$log" | tail -n 1 | cut -c 1-100)"; }
status=0
wait_saying "$suite" how_far || status=$?
suite=''
ended=true
ln -f "$log" "$results/log"

read_junit "$results"
if [ "$status" -ne 0 ]; then
    if [ -n "$failed_tests" ]; then
        # gotestsum's summary begins so; the rest of the log is what passed.
        if grep -q '^=== Failed' "$log"; then sed -n '/^=== Failed/,$p' "$log"; else tail -n 30 "$log"; fi | head -n 60 >&2
        count=$(printf '%s\n' "$failed_tests" | wc -l)
        names=$(printf '%s\n' "$failed_tests" | head -n 20 | tr '\n' ' ')
        die "$count of $test_count tests failed: $names$([ "$count" -le 20 ] || echo "... ")(all of it: $results)"
    fi
    tail -n 30 "$log" >&2
    die "the checks could not be run (exit status $status, see above; all of it: $log)"
fi
coverage=-1
if [ -s "$results/cover.out" ]; then
    coverage=$("$go" tool cover -func="$results/cover.out" | sed -nE 's/^total:.*[[:space:]]([0-9.]+)%$/\1/p')
fi
note "$test_count" "$skipped_count" "${coverage:--1}"
for other in "$dir"/*/; do
    other=${other%/}
    [ "$other" = "$results" ] || rm -rf "$other"
done
say "$test_count tests passed in $(($(date +%s) - begin)) s"
report
