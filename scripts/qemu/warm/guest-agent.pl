#!/usr/bin/perl
# In the guest that a snapshot is taken of: makes it nobody's, and after each restore somebody's. It lives in memory alone
# (/run) and waits at a virtio port while the snapshot is taken; what is left of it goes when it is through.
#   kubedev-warm.pl DIR PORT
# It says "prepared" on the port. Restored, it reads "hello", answers "listening", reads the machine's document (see
# personalise.sh) and answers "ok", or "failed" with the reason.
# Perl, since it is in every Debian and waits loaded: each program that need not be started is time under emulation.
use strict;
use warnings;

my ( $dir, $port_path ) = @ARGV;
my $identity = '/run/kubedev-identity';
my $cards_driver = '/sys/bus/pci/drivers/virtio-pci';

# Numbers of Linux on x86-64: perl-base has no names for them.
my ( $sys_mount, $sys_clock_settime ) = ( 165, 227 );
my ( $ms_remount, $ms_rdonly, $ms_bind ) = ( 32, 1, 4096 );
my ( $ms_nosuid, $ms_nodev, $ms_noexec ) = ( 2, 4, 8 );
my ( $rnd_add_entropy, $rnd_reseed ) = ( 0x40085203, 0x5207 );

sub write_file {
    my ( $path, $text ) = @_;
    open my $file, '>:raw', $path or die "$path: $!\n";
    print {$file} $text;
    close $file or die "$path: $!\n";
}

sub read_file {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/ = undef;
    return scalar <$file>;
}

sub run {
    system(@_) == 0 or die "@_: exit status $?\n";
}

# --- before the snapshot ---

my ( @cards, $journald );

sub prepare {
    # Whatever its state is called: all jobs of the boot are done.
    system qw(systemctl is-system-running --wait --quiet);
    run(qw(systemctl stop ssh.service systemd-networkd.socket systemd-networkd.service));

    # A card that is found anew reads its own address, also the permanent one.
    @cards = sort map { m{/([^/]+)/virtio\d+/net$} ? $1 : () } glob "$cards_driver/*/virtio*/net";
    write_file( "$cards_driver/unbind", $_ ) for @cards;
    run(qw(udevadm settle));

    run(qw(journalctl --relinquish-var));
    ($journald) = `systemctl show --property MainPID --value systemd-journald.service` =~ /(\d+)/;
    run(
        'rm', '-rf',
        glob('/var/log/journal/*'),
        glob('/etc/ssh/ssh_host_*'),
        '/var/lib/systemd/random-seed', '/var/lib/dhcp', "$dir/host-key",
        # What Docker calls itself from its first start on.
        '/var/lib/docker/engine-id'
    );
    # As in the image: a boot of this disk fills it in, as a restore does.
    write_file( '/etc/machine-id', '' );
    run('sync');
}

# --- after it ---

my $port;
my $received = '';

sub receive {
    while (1) {
        my $bytes = sysread $port, $received, 65536, length $received;
        return if $bytes;
        # Nobody is connected.
        select undef, undef, undef, 0.01;
    }
}

sub receive_line {
    receive() while index( $received, "\n" ) < 0;
    my $line = substr $received, 0, index( $received, "\n" ) + 1, '';
    chomp $line;
    return $line;
}

sub receive_bytes {
    my ($bytes) = @_;
    receive() while length $received < $bytes;
    return substr $received, 0, $bytes, '';
}

sub receive_document {
    my %document;
    while ( ( my $line = receive_line() ) ne 'end' ) {
        my ( $name, $bytes ) = split / /, $line;
        $document{$name} = receive_bytes($bytes);
        receive_line();
    }
    return %document;
}

sub set_clock {
    my ($time) = @_;
    my ( $seconds, $nanoseconds ) = split /[.]/, $time;
    syscall( $sys_clock_settime, 0, pack 'qq', $seconds, $nanoseconds ) == 0
      or die "clock: $!\n";
}

# Written to the device alone it would count at the next reseeding, minutes from now.
sub add_entropy {
    my ($seed) = @_;
    open my $random, '>', '/dev/urandom' or die "/dev/urandom: $!\n";
    ioctl $random, $rnd_add_entropy, pack( 'ii', 8 * length $seed, length $seed ) . $seed
      or die "entropy: $!\n";
    ioctl $random, $rnd_reseed, 0 or die "reseeding: $!\n";
}

# Perl hands over strings that could be written to, so no literals.
sub mount {
    my ( $source, $target, $flags ) = @_;
    my $type = 'none';
    syscall( $sys_mount, $source, $target, $type, $flags, 0 ) == 0
      or die "mount on $target: $!\n";
}

# What the kernel keeps in memory and lets nobody write: another file is mounted over it.
sub stand_in {
    my ( $path, $mode, $text ) = @_;
    ( my $name = $path ) =~ tr{/}{_};
    my $file = "$identity/$name";
    write_file( $file, $text );
    chmod $mode, $file;
    mount( $file, $path, $ms_bind );
}

# As SMBIOS has it: the first three groups with their bytes turned round.
sub smbios_uuid {
    my ($text) = @_;
    my @bytes = unpack 'C*', pack 'H*', $text =~ tr/0-9a-fA-F//cdr;
    return pack 'C*', @bytes[ 3, 2, 1, 0, 5, 4, 7, 6, 8 .. 15 ];
}

sub take_uuid {
    my ($uuid) = @_;
    my $tables = read_file('/sys/firmware/dmi/tables/DMI');
    my $at = index $tables, smbios_uuid( read_file('/sys/class/dmi/id/product_uuid') );
    die "the SMBIOS tables do not hold the UUID\n" if $at < 0;
    substr $tables, $at, 16, smbios_uuid($uuid);
    stand_in( '/sys/class/dmi/id/product_uuid', 0400, "$uuid\n" );
    stand_in( '/sys/firmware/dmi/tables/DMI',   0400, $tables );
}

# What systemd was handed over at the boot, should a unit ask for it again.
sub take_credential {
    my ($lines) = @_;
    my $credentials = '/run/credentials/@system';
    my $flags = $ms_remount | $ms_nosuid | $ms_nodev | $ms_noexec;
    mount( 'none', $credentials, $flags );
    unlink "$credentials/tmpfiles.extra";
    write_file( "$credentials/tmpfiles.extra", $lines );
    chmod 0400, "$credentials/tmpfiles.extra";
    mount( 'none', $credentials, $flags | $ms_rdonly );
    run( 'systemd-tmpfiles', '--create', "$credentials/tmpfiles.extra" );
}

# It knows machine and boot by their ids, so another one takes its place, which systemd starts with what the services
# have opened. That one is on the disk again. Stopped, the first writes nothing more below its old id.
sub take_journal {
    kill 'STOP', $journald or die "journald: $!\n";
    unlink glob '/run/log/journal/*/*';
    rmdir for glob '/run/log/journal/*';
    write_file( '/run/systemd/journal/flushed', '' );
    kill 'KILL', $journald;
}

sub personalise {
    my %document = receive_document();
    mkdir $identity;
    set_clock( $document{'time'} );
    add_entropy( pack 'H*', $document{'entropy'} );
    # Udev is at the cards while the rest is done; nothing uses them before their network is configured.
    write_file( "$cards_driver/bind", $_ ) for @cards;
    write_file( '/proc/sys/kernel/hostname', $document{'hostname'} );
    write_file( '/etc/machine-id',           $document{'uuid'} =~ tr/-//dr . "\n" );
    stand_in( '/proc/sys/kernel/random/boot_id', 0444, "$document{'boot-id'}\n" );
    stand_in( '/proc/cmdline',                   0444, "$document{'kernel-line'}\n" );
    take_uuid( $document{'uuid'} );
    take_credential( $document{'tmpfiles'} );

    take_journal();
    run(
        qw(systemctl --no-block restart ssh.service systemd-networkd.socket systemd-networkd.service),
        'serial-getty@ttyS0.service'
    );
    unlink "$dir/agent", '/run/systemd/system/kubedev-warm.service', '/run/udev/rules.d/60-kubedev-warm.rules';
    rmdir $dir;
}

eval {
    prepare();
    # Only now: a port that is open is told to the host.
    open $port, '+<:raw', $port_path or die "$port_path: $!\n";
    syswrite $port, "prepared\n";
    receive_line() eq 'hello' or die "the host did not say hello\n";
    syswrite $port, "listening\n";
    personalise();
    syswrite $port, "ok\n";
    1;
} or do {
    my $reason = $@ =~ tr/\n/ /r;
    open $port, '+<:raw', $port_path if !defined $port;
    syswrite $port, "failed $reason\n";
    exit 1;
};
