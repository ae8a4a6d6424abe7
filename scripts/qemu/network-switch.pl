# Passes Ethernet frames on between the machines of a network: perl switch.pl NETWORK, in a directory beside theirs.
# A machine is a datagram socket ../<machine>/net-NETWORK.sock, which QEMU makes; it sends to switch.sock here. There are
# no connections: whoever is started anew, machine or switch, is found again by its path, and nobody else notices.
# Needs no module beyond Debian's perl-base.
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Socket;

my ($network) = @ARGV;
my $own = 'switch.sock';
unlink $own;
socket(my $switch, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
bind($switch, pack_sockaddr_un($own)) or die "$own: $!\n";
$0 = "network-switch $network";

# Paths of all machines, and of the machine behind a MAC address as far as it has sent something.
my @cards;
my %by_mac;
my $looked = 0;
while (1) {
    my $address = recv($switch, my $frame, 70_000, 0);
    if (!defined $address) {
        next if $! == EINTR;
        die "$own: $!\n";
    }
    my $from = unpack_sockaddr_un($address);
    next if length $frame < 14 || $from eq '';
    my ($to, $source) = unpack 'a6a6', $frame;
    # What has the group bit is nobody's own address: were it learned, what is meant for all would reach one alone.
    if (!(ord($source) & 1)) {
        # A guest that makes addresses up does not fill the memory; who is forgotten is flooded to, and learned again.
        %by_mac = () if keys %by_mac >= 4096 && !exists $by_mac{$source};
        $by_mac{$source} = $from;
    }
    my $known = $by_mac{$to};
    if (defined $known) {
        next if $known eq $from;
        # A machine whose queue is full loses frames, as on any cable; the others do not wait for it.
        next if defined send($switch, $frame, MSG_DONTWAIT, pack_sockaddr_un($known)) || $! == EAGAIN;
        delete $by_mac{$to};
    }
    if (time != $looked) {
        $looked = time;
        @cards = glob "../*/net-$network.sock";
    }
    for my $card (@cards) {
        send($switch, $frame, MSG_DONTWAIT, pack_sockaddr_un($card)) if $card ne $from;
    }
}
