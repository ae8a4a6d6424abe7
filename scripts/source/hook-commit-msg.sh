#!/bin/sh
# Hook of git: staged Go files must be as gofmt writes them. It looks at nothing else and takes a moment. A commit whose
# message says that work is in progress is never stopped, only told.
message=$1
files=$(git diff --cached --name-only --diff-filter=ACMR -- '*.go' ':!vendor/*' ':!*/zz_generated*' ':!third_party/*')
[ -n "$files" ] && command -v gofmt >/dev/null || exit 0
wrong=$(printf '%s\n' "$files" | while IFS= read -r file; do
    # What is staged, which may not be what is on disk.
    git show ":$file" | gofmt -l 2>/dev/null | grep -q . && printf '%s\n' "$file"
done)
[ -n "$wrong" ] || exit 0
printf 'not as gofmt writes it:\n%s\ngofmt -w does it.\n' "$(printf '%s\n' "$wrong" | sed 's/^/  /')" >&2
grep -qiE '^(wip|fixup!|squash!|amend!)' "$message" && exit 0
echo 'Not committed. A message that begins with WIP, or git commit --no-verify, commits it as it is.' >&2
exit 1
