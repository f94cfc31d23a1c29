//! Networks: those that a key is accepted from, that webhooks may reach, and that proxies belong
//! to.

use std::net::IpAddr;

/// A network: an address and the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    bits: u128,
    length: u32,
    width: u32,
}

fn address_bits(address: IpAddr) -> (u128, u32) {
    match address.to_canonical() {
        IpAddr::V4(address) => (u32::from(address).into(), 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

fn prefix_bits(bits: u128, length: u32, width: u32) -> u128 {
    if length == 0 { 0 } else { bits >> (width - length) }
}

impl Cidr {
    /// `192.0.2.0/24`, `2001:db8::/32`, or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (bits, width) = address_bits(address);
        let length = match length {
            None => width,
            // "+8" and "08" would parse as numbers too.
            Some(digits) if digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) => return None,
            Some(digits) => digits.parse().ok().filter(|length| *length <= width)?,
        };
        Some(Self { bits, length, width })
    }

    /// Returns the prefix length in bits.
    pub fn length(&self) -> u32 {
        self.length
    }

    /// The first address: all bits that do not count are 0.
    pub fn first(&self) -> IpAddr {
        let host_bits = self.width - self.length;
        let bits = prefix_bits(self.bits, self.length, self.width).checked_shl(host_bits).unwrap_or(0);
        if self.width == 32 { IpAddr::V4((bits as u32).into()) } else { IpAddr::V6(bits.into()) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let (bits, width) = address_bits(address);
        width == self.width && prefix_bits(bits, self.length, width) == prefix_bits(self.bits, self.length, width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        let within = |network: &str, address: &str| Cidr::parse(network).unwrap().contains(address.parse().unwrap());
        assert!(within("192.0.2.0/24", "192.0.2.255") && !within("192.0.2.0/24", "192.0.3.0"));
        assert!(within("192.0.2.7", "192.0.2.7") && within("192.0.2.7", "::ffff:192.0.2.7") && !within("192.0.2.7", "192.0.2.8"));
        assert!(within("0.0.0.0/0", "203.0.113.1") && !within("0.0.0.0/0", "2001:db8::1"));
        assert!(within("2001:db8::/32", "2001:db8:ffff::1") && !within("2001:db8::/32", "2001:db9::1"));
        for junk in ["", "192.0.2", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+8", "2001:db8::/129", "example.com", "1.2.3.4/1/2"]
        {
            assert_eq!(Cidr::parse(junk), None, "{junk}");
        }
    }
}
