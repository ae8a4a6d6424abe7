#!/bin/sh
# shellcheck disable=SC2034 # used by the scripts that this is put in front of
# Function that reads the JUnit XML that gotestsum, Ginkgo and Kubernetes' juLog write.

# Sets test_count, skipped_count and failed_tests (lines: class and name) from the junit*.xml in a directory.
read_junit() { # directory
    cases=$(find "$1" -name 'junit*.xml' -exec cat {} + 2>/dev/null | tr '\n' ' ' | sed 's/<testcase /\n&/g' | sed -n '/^<testcase /p')
    test_count=$(printf '%s' "$cases" | grep -c '^<testcase ' || :)
    skipped_count=$(printf '%s' "$cases" | grep -c '<skipped' || :)
    test_count=$((test_count - skipped_count))
    failed_tests=$(printf '%s' "$cases" | sed -n '/<failure\|<error/p' | sed -E '
        s/>.*//; t reset
        :reset
        s/.* classname="([^"]*)".* name="([^"]*)".*/\1 \2/; t plain
        s/.* name="([^"]*)".* classname="([^"]*)".*/\2 \1/; t plain
        s/.* name="([^"]*)".*/\1/
        :plain
        s/&lt;/</g; s/&gt;/>/g; s/&#34;|&quot;/"/g; s/&#39;|&apos;/'"'"'/g; s/&amp;/\&/g; s/^ //')
}
