//! Networks of addresses, as far as they can be derived from the address alone. Pure.

use core::net::IpAddr;

/// The part of an address that stays the same while its owner moves within one network: 24 bits of
/// IPv4, 48 of IPv6.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_of_one_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("198.51.100.7"), "198.51.100.0/24");
        assert_eq!(of("::ffff:198.51.100.9"), of("198.51.100.7"));
        assert_eq!(of("2001:db8:1:2::3"), of("2001:db8:1:ffff::4"));
        assert_ne!(of("198.51.101.7"), of("198.51.100.7"));
    }
}
