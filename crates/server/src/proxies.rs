//! Proxies that are believed, and the client's address that they name.

use std::{net::IpAddr, str::FromStr};

use axum::http::HeaderMap;
use iam::access::Cidr;

/// An address or a network of proxies: `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrustedProxy(Cidr);

impl FromStr for TrustedProxy {
    type Err = String;

    /// A network is written by its first address, and is not everybody's.
    fn from_str(text: &str) -> Result<Self, String> {
        let cidr = Cidr::parse(text).ok_or("an address or a network is expected, as in 192.0.2.7, 10.0.0.0/8 or fd00::/8")?;
        let Some((address, _)) = text.split_once('/') else { return Ok(Self(cidr)) };
        if cidr.length() == 0 {
            return Err("/0 holds every client, and each could give itself any address; name the proxies' own network".to_owned());
        }
        let network_address = cidr.first();
        if address.parse::<IpAddr>() != Ok(network_address) {
            return Err(format!("a network begins with its first address; write {network_address}/{}", cidr.length()));
        }
        Ok(Self(cidr))
    }
}

/// Whether an address is a trusted proxy's. One of IPv4 may be written as IPv6 (`::ffff:10.0.0.1`).
pub fn is_trusted(proxies: &[TrustedProxy], address: IpAddr) -> bool {
    proxies.iter().any(|TrustedProxy(network)| network.contains(address))
}

/// The client behind a chain of trusted proxies: each names the one before it in `X-Forwarded-For`, so the chain is followed from the peer
/// backwards, to the first address that is no proxy of ours. It ends early, at the last proxy, where an entry is missing or no address.
pub fn client(proxies: &[TrustedProxy], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let mut entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut client = peer;
    while is_trusted(proxies, client) {
        let Some(forwarded) = entries.next().and_then(|entry| entry.trim().parse::<IpAddr>().ok()) else { break };
        client = forwarded.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(texts: &[&str]) -> Vec<TrustedProxy> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_network_trusts_its_addresses_from_the_first_to_the_last() {
        let within = |network: &str, address: &str| is_trusted(&read(&[network]), address.parse().unwrap());
        for (network, inside, outside) in [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
            ("192.0.2.64/27", ["192.0.2.64", "192.0.2.95"], ["192.0.2.63", "192.0.2.96"]),
            ("128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255", "::8000:0"]),
            ("192.0.2.7/32", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.6", "192.0.2.8"]),
            ("10.0.0.0/8", ["::ffff:10.0.0.1", "10.0.0.1"], ["::10.0.0.1", "::ffff:11.0.0.1"]),
            ("::ffff:192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8", "::192.0.2.7"]),
            ("fd00::/8", ["fd00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["fcff::1", "fe00::"]),
            ("2001:db8::1/128", ["2001:db8::1", "2001:db8:0::1"], ["2001:db8::", "2001:db8::2"]),
        ] {
            for address in inside {
                assert!(within(network, address), "{address} is in {network}");
            }
            for address in outside {
                assert!(!within(network, address), "{address} is not in {network}");
            }
        }
        assert!(!is_trusted(&[], "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_to_write() {
        for (text, with) in [
            ("10.0.0.1/8", "write 10.0.0.0/8"),
            ("192.0.2.65/27", "write 192.0.2.64/27"),
            ("192.0.2.1/31", "write 192.0.2.0/31"),
            ("fd00::1/8", "write fd00::/8"),
            ("2001:db8::1/127", "write 2001:db8::/127"),
            ("::ffff:10.0.0.0/8", "write 10.0.0.0/8"),
            ("0.0.0.0/0", "every client"),
            ("10.0.0.1/0", "every client"),
            ("::/0", "every client"),
            ("10.0.0.0/33", "as in"),
            ("fd00::/129", "as in"),
            ("10.0.0.0/", "as in"),
            ("10.0.0.0/+8", "as in"),
            ("proxy.example", "as in"),
            ("", "as in"),
        ] {
            let refused = text.parse::<TrustedProxy>().unwrap_err();
            assert!(refused.contains(with), "{text}: {refused}");
        }
    }

    #[test]
    fn the_chain_is_followed_to_the_first_address_that_is_no_proxy() {
        let proxies = read(&["10.0.0.0/8", "192.0.2.7"]);
        let named = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
            }
            client(&proxies, peer.parse().unwrap(), &headers).to_string()
        };
        let cases: [(&str, &[&str], &str); 10] = [
            ("203.0.113.1", &["198.51.100.9"], "203.0.113.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.9, 192.0.2.7,10.9.9.9"], "198.51.100.9"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.9", "10.9.9.9"], "198.51.100.9"),
            ("10.0.0.1", &["10.1.1.1, 10.9.9.9"], "10.1.1.1"),
            ("10.0.0.1", &["198.51.100.9, unknown, 10.9.9.9"], "10.9.9.9"),
            ("10.0.0.1", &["198.51.100.9,"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9", "\u{e9}"], "10.0.0.1"),
        ];
        for (peer, lines, expected) in cases {
            assert_eq!(named(peer, lines), expected, "{peer} {lines:?}");
        }
    }
}
