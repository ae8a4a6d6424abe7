#!/usr/bin/env bash
# Makes what a release consists of from the commit that is checked out, and publishes nothing.
# usage: release.sh [--publish]
#   --publish   publishes the package with npm afterwards, as the account that npm is logged in to, and sets the tag
# Result: kubedev-VERSION.tgz, kubedev-VERSION.cdx.json (what it depends on) and SHA256SUMS in .toolchain/release/VERSION.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

publish=
case ${1:-} in
    "") ;;
    --publish) publish=1 ;;
    *) die "release.sh does not know $1" "expected nothing, or --publish" ;;
esac
cd "$ROOT"

version=$(jq --raw-output .version package.json)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] ||
    die "package.json: got version $version; expected three numbers" "npm version --no-git-tag-version 1.2.3"
of_plugin=$(jq --raw-output .version plugin/package.json)
[ "$of_plugin" = "$version" ] ||
    die "plugin/package.json: got version $of_plugin; expected $version, as in package.json"
[ "$(jq --raw-output .version schema.json)" = "$version" ] ||
    die "schema.json is of another version; expected $version, as in package.json" "npm run schema"

heading=$(grep -E "^## ${version//./\\.}( |\$)" CHANGELOG.md || true)
[[ $heading =~ ^"## $version ("([0-9]{4}-[0-9]{2}-[0-9]{2})")"$ ]] ||
    die "CHANGELOG.md: got ${heading:-no heading of $version}; expected \"## $version ($(date -u +%F))\"" \
        "the heading Unreleased becomes that of the version; a new, empty one goes above it"
day=${BASH_REMATCH[1]}
[ "$(date -u -d "$day" +%F 2>/dev/null)" = "$day" ] || die "CHANGELOG.md: $day is no day"

changed=$(git status --porcelain --untracked-files=normal)
[ -z "$changed" ] || die "the tree has changes that no commit has: $(head -n 3 <<<"$changed" | tr '\n' ';')" \
    "commit them, or put them away: git stash --include-untracked"
commit=$(git rev-parse HEAD)
tagged=$(git rev-parse --quiet --verify "v$version^{commit}" || true)
[ -z "$tagged" ] || [ "$tagged" = "$commit" ] ||
    die "the tag v$version is of another commit, $tagged" "a version is released once: take the next one"
[ -f "test/releases/$version/schema.json" ] ||
    die "test/releases has no $version, with which later versions are compared" \
        "node --import tsx test/releases/record.ts $version, then commit it"

say "what changed since the last release:"
node --import tsx test/releases/judge.ts "$version" >&2 ||
    die "the version or the changelog does not fit what changed" "the lines above say how"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
out=$TOOLCHAIN_DIR/release/$version
rm -rf "$out"
mkdir -p "$out" "$scratch/kubedev" "$scratch/sbom/kubedev"

# Of the commit, not of the folder: what git ignores cannot get in.
git archive --format=tar "$commit" | tar -x -C "$scratch/kubedev"
ln -s "$ROOT/node_modules" "$scratch/kubedev/node_modules"
(cd "$scratch/kubedev" && npm pack --silent --ignore-scripts=false --pack-destination "$out") >&2

# By --omit=dev, npm leaves out what a package for development also names, as the SDK itself; a lock without those does not.
jq 'del(.devDependencies)' package.json >"$scratch/sbom/kubedev/package.json"
cp package-lock.json .npmrc "$scratch/sbom/kubedev"
(
    cd "$scratch/sbom/kubedev"
    npm install --silent --package-lock-only --ignore-scripts --offline >&2
    npm sbom --package-lock-only --sbom-format cyclonedx >"$out/kubedev-$version.cdx.json"
)
jq --raw-output '.components[] | "\(.name)@\(.version)"' "$out/kubedev-$version.cdx.json" >"$scratch/listed"
while IFS= read -r name; do
    grep -qF "$name@" "$scratch/listed" || die "the list of dependencies lacks $name, which package.json has"
done < <(jq --raw-output '.dependencies | keys[]' package.json)
(cd "$out" && sha256sum "kubedev-$version.tgz" "kubedev-$version.cdx.json" >SHA256SUMS)

say "kubedev $version of $commit is in ${out#"$ROOT"/}:"
cat "$out/SHA256SUMS"
say "It is as good as the tests of that commit. If they were not run on it yet: make test ($(sed -n 's/^all_tiers=(\(.*\))/\1/p' test/run))"
if [ -z "$publish" ]; then
    say "Nothing was published. To do so: make release ARGS=--publish"
    exit 0
fi
[ -n "$tagged" ] || git tag --annotate "v$version" --message "kubedev $version"
npm publish "$out/kubedev-$version.tgz"
say "Published. The tag is here alone: git push origin v$version"
