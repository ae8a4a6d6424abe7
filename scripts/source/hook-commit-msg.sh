#!/bin/sh
# Hook of git: staged Go files must be as gofmt writes them, and go vet must find nothing in their packages as far as ten
# seconds go. A commit whose message says that work is in progress is never stopped, only told.
message=$1
files=$(git diff --cached --name-only --diff-filter=ACMR -- '*.go' ':!vendor/*' ':!*/zz_generated*' ':!third_party/*')
[ -n "$files" ] && command -v gofmt >/dev/null || exit 0
wrong=$(printf '%s\n' "$files" | while IFS= read -r file; do
    # What is staged, which may not be what is on disk.
    git show ":$file" | gofmt -l 2>/dev/null | grep -q . && printf '%s\n' "$file"
done)
# go vet looks at what is on disk; where that is something else it is not asked.
found=''
if [ -z "$wrong" ] && command -v go >/dev/null && [ -z "$(git diff --name-only -- '*.go' | head -n 1)" ]; then
    found=$(printf '%s\n' "$files" | sed 's|^|./|; s|/[^/]*$||' | sort -u | {
        deadline=$(($(date +%s) + 10))
        while IFS= read -r package; do
            left=$((deadline - $(date +%s)))
            status=124
            [ "$left" -le 0 ] || {
                said=$(GIT_DIR='' GIT_INDEX_FILE='' timeout "$left" go -C "$package" vet . 2>&1)
                status=$?
            }
            if [ "$status" -eq 124 ]; then
                echo "go vet is not done within 10 s: it was not waited for" >&2
                break
            fi
            # Its findings alone: a package that it cannot load is no reason.
            printf '%s\n' "$said" | sed -nE "s#^(vet: )?(\./)?([^/ ]+\.go:[0-9]+:[0-9]+: )#${package#./}/\3#p"
        done
    })
fi
[ -n "$wrong$found" ] || exit 0
[ -z "$wrong" ] || printf 'not as gofmt writes it:\n%s\ngofmt -w does it.\n' "$(printf '%s\n' "$wrong" | sed 's/^/  /')" >&2
[ -z "$found" ] || printf 'go vet says:\n%s\n' "$(printf '%s\n' "$found" | sed 's|^\./||; s/^/  /')" >&2
grep -qiE '^(wip|fixup!|squash!|amend!)' "$message" && exit 0
echo 'Not committed. A message that begins with WIP, or git commit --no-verify, commits it as it is.' >&2
exit 1
