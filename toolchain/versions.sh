# shellcheck shell=bash disable=SC2034 # read by the files that source this one
# Every version and every checksum of the toolchain. The versions of what is built from Go modules
# stand once more in the go.mod of cli, language-nodejs and language-yaml; a test compares them.

# Node: sha256 of the vendor's tarballs, sha512 of the npm packages that carry the same release.
NODE_MIN_MAJOR=20
NODE_VERSION=20.20.2
NODE_TARBALL_SHA256_X64=19e56f0825510207dd904f087fe52faa0a4eb6b2aab5f0ea7a33830d04888b8b
NODE_TARBALL_SHA256_ARM64=47ef73d543ecf6eb19435f6c03a0ac4809b3bf0dd6b26c7c571efc2a6572a74d
NODE_PACKAGE_SHA512_X64=3de1d033cc007661ed640d66068732819c6ce4b8945adb097b3413901774898f7cecaa46ac3d4edad544c9dbcc662b9771e45a9f1b7bae34e70c407038fba3a1
NODE_PACKAGE_SHA512_ARM64=2c25c99cd4c58b21ae601c36819488e4e04531b92300fb7cb2a0ff34aad6a04d90983812b9b4ea16783a19a349f4427c1e9c413067165a96db72ce15a3e0a71a
# The npm that belongs to that Node: the node package carries the bare program.
NPM_VERSION=10.9.9
NPM_PACKAGE_SHA512=d60fba8cb42f688b81e33c2f1cbef2ad7b977166700ec0ad057f1b6d60ea6ef2524abf673e20c35931cd8305d1dbb8887134d6eefdc0e7b8435bd458bf65b862

# Go: sha256 of the vendor's tarballs and of the toolchain module's zip files.
GO_VERSION=1.26.8
GO_TARBALL_SHA256_AMD64=d0f743b33e8d8945e6b1f432edd15785c70507121d6e2a723b21285eddf8b57b
GO_TARBALL_SHA256_ARM64=211ffced9dcb9633a55eac6364816ec0ddd951389a740e88fa8b3337971bdda0
GO_MODULE_SHA256_AMD64=30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7
GO_MODULE_SHA256_ARM64=02b36b6787b3ac767668f630e2998df45a3b1f9ffee08d1bf3ef6487cd658d99

# Pulumi: the oldest CLI that will do is also the one that is fetched or built. The vendor's
# checksum file of the same release is what a download is compared with.
PULUMI_VERSION=3.259.0
# The last release of the hosts for Node and Python whose module can be built from a module proxy.
LANGUAGE_HOST_VERSION=3.68.0
YAML_HOST_VERSION=1.25.0

# Provider plugins, NAME:VERSION; the version is the one of the npm package in package-lock.json.
PLUGINS=(command:1.2.1)
# Those that only add-ons take, and tests: a stack without add-ons is spared their build.
ADDON_PLUGINS=(kubernetes:4.34.2)
# Those that only what is in Azure takes.
AZURE_PLUGINS=(azure-native:3.28.0)
