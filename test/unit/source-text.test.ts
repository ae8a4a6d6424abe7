/** Texts of the source layer: flags, names, links, what scripts print. */
import { binaryName, goBuildFlags, linkerFlags } from "../../components/source/go-build";
import { parseFingerprints } from "../../components/source/source-fingerprint";
import { compareUrl, treeLinks, webUrl } from "../../components/source/tree-links";

const plain = { debug: false, race: false, gcflags: undefined, ldflags: undefined, goFlags: [] };

test.each([
    ["cmd/kubelet", "linux/amd64", "kubelet"],
    ["cmd/kubelet", "windows/amd64", "kubelet.exe"],
    ["github.com/onsi/ginkgo/v2/ginkgo", "darwin/arm64", "ginkgo"],
    ["go.etcd.io/etcd/server/v3", "linux/amd64", "server"],
    ["v2", "linux/amd64", "v2"],
])("the binary of %s for %s is %s", (target, platform, name) => {
    expect(binaryName(target, platform)).toBe(name);
});

test("flags: small and reproducible, or for a debugger", () => {
    expect(goBuildFlags(plain)).toEqual(["-buildvcs=false", "-trimpath"]);
    expect(linkerFlags(plain)).toBe("-s -w");
    const debug = { ...plain, debug: true, race: true, gcflags: "-m", goFlags: ["-x"] };
    expect(goBuildFlags(debug)).toEqual([
        "-buildvcs=false",
        "-race",
        "-gcflags=all=-N -l",
        "-gcflags=-m",
        "-x",
    ]);
    expect(linkerFlags({ ...debug, ldflags: "-X a.b=c" })).toBe("-X a.b=c");
});

test.each([
    ["https://github.com/kubernetes/kubernetes.git", "https://github.com/kubernetes/kubernetes"],
    ["git@github.com:alice/kubernetes.git", "https://github.com/alice/kubernetes"],
    ["ssh://git@github.com/alice/kubernetes", "https://github.com/alice/kubernetes"],
    ["https://example.com/kubernetes.git", undefined],
    ["/srv/git/kubernetes", undefined],
])("the web address of %s", (url, web) => {
    expect(webUrl(url)).toBe(web);
});

test("links at a commit, and the page of a pull request to be", () => {
    const upstream = "https://github.com/kubernetes/kubernetes.git";
    const links = treeLinks(upstream, "abc");
    expect(links["kubelet"]).toBe(
        "https://github.com/kubernetes/kubernetes/blob/abc/pkg/kubelet/kubelet.go",
    );
    expect(links["clientGo"]).toContain("/tree/abc/staging/");
    expect(links["releaseNotes"]).toMatch(/^https:/);
    expect(treeLinks("https://github.com/etcd-io/etcd", "abc")).toEqual({});
    expect(compareUrl(upstream, "git@github.com:alice/kubernetes.git", "fix")).toBe(
        "https://github.com/kubernetes/kubernetes/compare/alice:fix?expand=1",
    );
    expect(compareUrl(upstream, "/srv/git/kubernetes", "fix")).toBeUndefined();
    expect(compareUrl(upstream, "git@github.com:alice/kubernetes.git", "")).toBeUndefined();
});

test("fingerprints: digests, warnings once, errors, a host that does not answer", () => {
    const warned: string[] = [];
    const warn = (text: string) => warned.push(text);
    const digests = parseFingerprints(
        "warning=no package\nwarning=no package\nfingerprint=cmd/a linux/amd64 d1\nfingerprint=cmd/b linux/amd64 d2\n",
        warn,
    );
    expect(digests).toEqual({ "cmd/a linux/amd64": "d1", "cmd/b linux/amd64": "d2" });
    expect(warned).toEqual(["go list says that a build will fail:\nno package"]);
    expect(() => parseFingerprints("error=there is no Go\n", warn)).toThrow("there is no Go");
    expect(parseFingerprints("unreachable=timed out\n", warn)).toBeUndefined();
});
