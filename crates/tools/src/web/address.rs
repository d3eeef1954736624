//! Which addresses are public: the only ones that a fetch may reach unasked.
//!
//! Version 4 is public but for the blocks named here. Version 6 is the other way round: only global unicast is public,
//! and an address that carries one of version 4 is what it carries.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Why an address is not public.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Unspecified,
    Loopback,
    Private,
    Carrier,
    LinkLocal,
    Metadata,
    Multicast,
    Reserved,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "no address of a machine",
            Self::Loopback => "this machine itself",
            Self::Private => "a private network",
            Self::Carrier => "a carrier's own network",
            Self::LinkLocal => "the local link",
            Self::Metadata => "where a cloud keeps the credentials of this machine",
            Self::Multicast => "many machines at once",
            Self::Reserved => "reserved",
        })
    }
}

/// Why the address is not public; `None` when it is.
pub(super) fn private(address: IpAddr) -> Option<Kind> {
    match address {
        IpAddr::V4(address) => private_v4(address),
        IpAddr::V6(address) => private_v6(address),
    }
}

fn private_v4(address: Ipv4Addr) -> Option<Kind> {
    // AWS and most others, Oracle's older one, Alibaba, and Azure's, which is public by its number only.
    const METADATA: [[u8; 4]; 4] =
        [[169, 254, 169, 254], [192, 0, 0, 192], [100, 100, 100, 200], [168, 63, 129, 16]];
    let octets = address.octets();
    if METADATA.contains(&octets) {
        return Some(Kind::Metadata);
    }
    match octets {
        [0, ..] => Some(Kind::Unspecified),
        [127, ..] => Some(Kind::Loopback),
        [10, ..] | [192, 168, ..] => Some(Kind::Private),
        [172, second, ..] if second & 0xf0 == 16 => Some(Kind::Private),
        [100, second, ..] if second & 0xc0 == 64 => Some(Kind::Carrier),
        [169, 254, ..] => Some(Kind::LinkLocal),
        [first, ..] if first & 0xf0 == 224 => Some(Kind::Multicast),
        // Protocol assignments and documentation, relays of 6to4, benchmarks, class E.
        [192, 0, 0 | 2, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [240..=255, ..] => Some(Kind::Reserved),
        _ => None,
    }
}

fn private_v6(address: Ipv6Addr) -> Option<Kind> {
    if let Some(carried) = carried(address) {
        return private_v4(carried);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Kind::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Kind::Loopback),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Some(Kind::Metadata),
        [first, ..] if first & 0xfe00 == 0xfc00 => Some(Kind::Private),
        // Link-local, and the site-local addresses of old.
        [first, ..] if first & 0xff80 == 0xfe80 => Some(Kind::LinkLocal),
        [first, ..] if first & 0xff00 == 0xff00 => Some(Kind::Multicast),
        // Tunnels (Teredo and more), documentation (two), and 6to4, whose relays are anybody's.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => Some(Kind::Reserved),
        [0x3fff, second, ..] if second < 0x1000 => Some(Kind::Reserved),
        [0x2002, ..] => Some(Kind::Reserved),
        [first, ..] if first & 0xe000 == 0x2000 => None,
        _ => Some(Kind::Reserved),
    }
}

/// The address of version 4 that this one stands for: mapped, or reached through NAT64's well-known prefix.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Option<Kind>, addresses: &[&str]) {
        for text in addresses {
            assert_eq!(private(text.parse().expect("it is an address")), kind, "{text}");
        }
    }

    #[test]
    fn every_block_of_version_4_that_is_not_public_is_told() {
        check(Some(Kind::Unspecified), &["0.0.0.0", "0.1.2.3"]);
        check(Some(Kind::Loopback), &["127.0.0.1", "127.255.255.254"]);
        check(Some(Kind::Private), &["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"]);
        check(Some(Kind::Carrier), &["100.64.0.1", "100.127.255.255"]);
        check(Some(Kind::LinkLocal), &["169.254.0.1", "169.254.170.2"]);
        check(Some(Kind::Metadata), &["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"]);
        check(Some(Kind::Multicast), &["224.0.0.1", "239.255.255.250"]);
        check(
            Some(Kind::Reserved),
            &["240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "192.88.99.1"],
        );
        check(None, &["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "192.167.1.1"]);
    }

    #[test]
    fn every_block_of_version_6_that_is_not_public_is_told() {
        check(Some(Kind::Unspecified), &["::"]);
        check(Some(Kind::Loopback), &["::1"]);
        check(Some(Kind::Private), &["fc00::1", "fdff::1"]);
        check(Some(Kind::LinkLocal), &["fe80::1", "febf::1", "fec0::1"]);
        check(Some(Kind::Metadata), &["fd00:ec2::254"]);
        check(Some(Kind::Multicast), &["ff02::1"]);
        check(Some(Kind::Reserved), &["100::1", "::2", "::127.0.0.1", "64:ff9b:1::a00:1", "5f00::1"]);
        check(
            Some(Kind::Reserved),
            &["2001::1", "2001:db8::1", "3fff:fff::1", "2002:7f00:1::", "2002:808:808::"],
        );
        check(None, &["2606:4700::1111", "2a00:1450::1", "2001:200::1", "2001:4860:4860::8888"]);
    }

    #[test]
    fn an_address_that_carries_another_is_what_it_carries() {
        check(Some(Kind::Loopback), &["::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]);
        check(Some(Kind::Metadata), &["::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]);
        check(Some(Kind::Private), &["::ffff:10.0.0.1", "64:ff9b::192.168.0.1"]);
        check(None, &["::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]);
    }
}
