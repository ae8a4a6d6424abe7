# Serves a directory of this computer to a machine: perl host-share.pl TAG ro|rw SOURCE, run in the machine's directory by the
# shell that becomes QEMU. It returns when share-TAG.sock is there to connect to. What it leaves behind ends with QEMU; if the
# daemon ends first, the machine is shut down: its guest would wait for ever for what nobody serves, and whoever looks at the
# machine would take it for a sound one.
use strict;
use warnings;
use POSIX ':sys_wait_h';
use Socket;

my ($tag, $mode, $source) = @ARGV;
my $qemu = getppid;
my $started = start_ticks();

my $path = "share-$tag.sock";
unlink $path;
# The daemon gets the socket itself, and so makes no lock below /run, which is root's.
$^F = 255;
umask 077;
socket(my $listener, AF_UNIX, SOCK_STREAM, 0) or die "share $source: socket: $!\n";
bind($listener, pack_sockaddr_un($path)) or die "share $source: $path: $!\n";
listen($listener, 1) or die "share $source: $path: $!\n";
umask 022;

# Not QEMU's child: it does not wait for children.
exit 0 if forked();
my $daemon = forked();
if (!$daemon) {
    # Root of a user namespace is this user alone: it can do no more than the user can. Other ids of the guest are ids of the
    # user's own range in /etc/subuid.
    my @namespaces = $> == 0 ? () : qw(--user --map-root-user --map-auto);
    exec 'unshare', '--mount', @namespaces, $^X, 'host-share-serve.pl', fileno $listener, $mode, $source
        or die "share $source: unshare: $!\n";
}
close $listener;

while (waitpid($daemon, WNOHANG) == 0) {
    # One that QEMU never connected to waits for ever.
    kill TERM => $daemon if !qemu_runs();
    wait_seconds(1);
}
my $ended = $? & 127 ? 'signal ' . ($? & 127) : 'exit status ' . ($? >> 8);
for (1 .. 20) {
    exit 0 if !qemu_runs();
    wait_seconds(0.1);
}
print STDERR "kubedev: virtiofsd of the share $source has ended ($ended), so the machine is shut down; the next up starts it again\n";
$ENV{KUBEDEV_PID} = $qemu;
$ENV{KUBEDEV_START_TICKS} = $started;
# A guest that waits for the share shuts down but for its very end.
$ENV{KUBEDEV_POWERDOWN_SEC} = 20;
exec 'sh', 'stop-machine';

sub forked {
    my $child = fork;
    die "share $source: fork: $!\n" if !defined $child;
    return $child;
}

# Field 22 of /proc/PID/stat, counted from behind the name, which may hold blanks; nothing for one that has ended.
sub start_ticks {
    open my $stat, '<', "/proc/$qemu/stat" or return '';
    my ($state, @fields) = split ' ', (<$stat> // '') =~ s/.*\) //sr;
    return $state && $state !~ /[ZX]/ ? $fields[18] : '';
}

sub qemu_runs {
    return start_ticks() eq $started;
}

sub wait_seconds {
    select undef, undef, undef, $_[0];
    return;
}
