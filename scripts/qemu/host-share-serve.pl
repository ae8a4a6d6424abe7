# Becomes virtiofsd, in the namespaces that host-share.pl has made: perl host-share-serve.pl FD ro|rw SOURCE. FD is a socket
# that listens.
use strict;
use warnings;

my ($fd, $mode, $source) = @ARGV;
if ($mode eq 'ro') {
    # The guest's root may make its own mount writable; this one, which virtiofsd sees, it cannot. mount_setattr (442) takes
    # all mounts below at once (AT_RECURSIVE, MOUNT_ATTR_RDONLY), and leaves what else they are.
    system('mount', '--rbind', $source, $source) == 0 or die "share $source: mount failed\n";
    my ($path, $attributes) = ($source, pack 'Q4', 1, 0, 0, 0);
    syscall(442, -100, $path, 0x8000, $attributes, length $attributes) == 0
        or die "share $source: cannot be made read-only: $!; expected Linux 5.12 or later: take such a kernel, or readOnly: false\n";
}
# The one in C, which QEMU brought until version 7, and the one in Rust that came after it.
my @arguments =
    `./virtiofsd --help 2>&1` =~ /--shared-dir/
    ? ("--fd=$fd", '--shared-dir', $source, '--log-level', 'warn')
    : ('-f', "--fd=$fd", '-o', 'log_level=warn', '-o', 'source=' . $source =~ s/([\\,])/\\$1/gr);
exec './virtiofsd', @arguments or die "share $source: virtiofsd: $!\n";
