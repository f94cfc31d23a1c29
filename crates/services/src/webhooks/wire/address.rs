//! Addresses to which messages may be sent. All addresses outside the public internet are refused,
//! unless the operator allows them.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Arc, LazyLock, OnceLock},
};

use iam::access::Cidr;
use reqwest::Url;

/// Networks of IPv4 that are not the public internet (IANA, "Special-Purpose Address Registry"):
/// this host, private, carrier-grade NAT, loopback, link-local with the clouds' metadata, protocol
/// assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
const BLOCKED_V4: [&str; 15] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// Global unicast of IPv6, the only allowed part, which leaves out loopback, link-local, unique
/// local, NAT64, SRv6 and multicast. Excluded inside it are protocol assignments (Teredo, ORCHID,
/// benchmarks), documentation and 6to4, which wraps an IPv4 address.
const ALLOWED_V6: &str = "2000::/3";
const BLOCKED_V6: [&str; 4] = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

static BLOCKED_NETWORKS: LazyLock<Vec<Cidr>> =
    LazyLock::new(|| BLOCKED_V4.iter().chain(&BLOCKED_V6).filter_map(|network| Cidr::parse(network)).collect());
static ALLOWED_NETWORK: LazyLock<Option<Cidr>> = LazyLock::new(|| Cidr::parse(ALLOWED_V6));

/// Networks that the operator has allowed, for which plain http and other ports are accepted too.
#[derive(Debug, Clone, Default)]
pub struct AllowedNetworks(Arc<OnceLock<Vec<Cidr>>>);

/// Reason to refuse an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRefusal {
    #[error("a URL is expected, as in https://shop.example/hooks")]
    NotAUrl,
    #[error("a URL of https is expected, at port 443")]
    NotSecure,
    #[error("a URL must not carry a user or a password: sign your own part with a secret of the path or check our signature")]
    HasUser,
    #[error("a URL must not have a fragment")]
    HasFragment,
    #[error("{0} is not an address of the open internet")]
    Closed(String),
    /// Detected while resolving. The addresses of a name, and whether it has any, are the
    /// deployment's own matter, and are only logged.
    #[error("its name leads to no address of the open internet")]
    Nowhere,
}

/// Suffixes of names that nobody has on the public internet (RFC 6761, RFC 6762, RFC 8375, and the
/// one that ICANN reserves for private use).
const PRIVATE_SUFFIXES: [&str; 5] = [".localhost", ".local", ".internal", ".localdomain", ".home.arpa"];

impl AllowedNetworks {
    /// Allows networks, once, for the lifetime of the process.
    pub fn open(&self, networks: Vec<Cidr>) {
        if self.0.set(networks).is_err() {
            tracing::error!("networks for webhooks were set twice; the first ones apply");
        }
    }
    /// Whether the operator has opened it.
    pub fn names(&self, address: IpAddr) -> bool {
        self.0.get().is_some_and(|open| open.iter().any(|network| network.contains(address)))
    }
    /// Whether messages may go there. `is_plain` when the URL is not https at port 443.
    pub fn allows(&self, address: IpAddr, is_plain: bool) -> bool {
        self.names(address) || !is_plain && is_open(address)
    }
    fn is_empty(&self) -> bool {
        self.0.get().is_none_or(Vec::is_empty)
    }
}

/// Whether an address is of the open internet.
pub fn is_open(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_global = match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(_) => ALLOWED_NETWORK.is_some_and(|open| open.contains(address)),
    };
    is_global && !BLOCKED_NETWORKS.iter().any(|network| network.contains(address))
}

/// Whether a URL is anything but https at port 443.
pub fn is_plain(url: &Url) -> bool {
    url.scheme() != "https" || url.port_or_known_default() != Some(443)
}

/// Returns the IP address that is the URL's host, if it is one, in any notation of the URL
/// standard.
pub fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(v6) => v6.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// Whether a URL's host is a name that has no public address: without a dot, or reserved for
/// private networks.
fn is_private_name(url: &Url) -> bool {
    let Some(name) = url.domain().map(|name| name.strip_suffix('.').unwrap_or(name)) else { return false };
    !name.contains('.') || PRIVATE_SUFFIXES.iter().any(|end| name.ends_with(end))
}

/// Returns the host of a URL, for messages.
pub fn host_of(text: &str) -> String {
    Url::parse(text).ok().and_then(|url| url.host_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// Scheme, host and port of a URL; `None` if the text is no URL.
pub fn origin_of(text: &str) -> Option<String> {
    Some(Url::parse(text).ok()?.origin().ascii_serialization())
}

/// Checks a URL without resolving its name, which is resolved and checked when a message is sent.
/// If the operator has allowed networks, private names are accepted too.
pub fn check(text: &str, allowed: &AllowedNetworks) -> Result<Url, AddressRefusal> {
    // The parser drops control characters around a URL, but the text is stored unchanged, and
    // Postgres stores no NUL.
    if text.contains('\0') {
        return Err(AddressRefusal::NotAUrl);
    }
    let url = Url::parse(text).map_err(|_| AddressRefusal::NotAUrl)?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(AddressRefusal::NotAUrl);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressRefusal::HasUser);
    }
    if url.fragment().is_some() {
        return Err(AddressRefusal::HasFragment);
    }
    if is_plain(&url) && allowed.is_empty() {
        return Err(AddressRefusal::NotSecure);
    }
    match literal(&url) {
        Some(address) if !allowed.allows(address, is_plain(&url)) && is_open(address) => Err(AddressRefusal::NotSecure),
        Some(address) if !allowed.allows(address, is_plain(&url)) => Err(AddressRefusal::Closed(address.to_string())),
        None if is_private_name(&url) && allowed.is_empty() => {
            Err(AddressRefusal::Closed(url.host_str().map(ToOwned::to_owned).unwrap_or_default()))
        }
        _ => Ok(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_network_is_read() {
        assert_eq!(BLOCKED_NETWORKS.len(), BLOCKED_V4.len() + BLOCKED_V6.len());
        assert!(ALLOWED_NETWORK.is_some());
    }

    #[test]
    fn only_the_open_internet_is_open() {
        for closed in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.5",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "5f00::1",
        ] {
            assert!(!is_open(closed.parse().unwrap()), "{closed}");
        }
        for open in ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"] {
            assert!(is_open(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let none = AllowedNetworks::default();
        for text in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
            "https://[0:0:0:0:0:ffff:127.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://①②⑦.0.0.1/",
        ] {
            assert!(matches!(check(text, &none), Err(AddressRefusal::Closed(_))), "{text}: {:?}", check(text, &none));
        }
        assert!(check("https://shop.example/hooks?x=1", &none).is_ok());
        assert!(check("https://internal.example/", &none).is_ok());
        assert!(check("https://1.1.1.1/", &none).is_ok());
    }

    #[test]
    fn a_name_of_a_network_at_home_is_refused_as_its_addresses_are() {
        let none = AllowedNetworks::default();
        let home = AllowedNetworks::default();
        home.open(vec![Cidr::parse("10.0.0.0/8").unwrap()]);
        for name in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            "vm",
            "a.localhost",
            "nas.local",
            "metadata.google.internal",
            "metadata.google.internal.",
            "box.localdomain",
            "box.home.arpa",
        ] {
            let url = format!("https://{name}/");
            assert!(matches!(check(&url, &none), Err(AddressRefusal::Closed(_))), "{url}: {:?}", check(&url, &none));
            assert!(check(&url, &home).is_ok(), "{url}");
        }
    }

    #[test]
    fn only_https_at_its_port_unless_the_operator_opened_the_network() {
        let none = AllowedNetworks::default();
        let home = AllowedNetworks::default();
        home.open(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        for plain in ["http://shop.example/", "https://shop.example:8443/", "http://1.1.1.1/"] {
            assert_eq!(check(plain, &none).unwrap_err(), AddressRefusal::NotSecure, "{plain}");
        }
        assert!(check("http://127.0.0.1:9000/", &home).is_ok());
        assert_eq!(check("http://1.1.1.1/", &home).unwrap_err(), AddressRefusal::NotSecure);
        assert_eq!(check("http://10.0.0.1/", &home).unwrap_err(), AddressRefusal::Closed("10.0.0.1".to_owned()));
        assert_eq!(check("https://user:word@shop.example/", &none).unwrap_err(), AddressRefusal::HasUser);
        for junk in ["", "shop.example", "ftp://shop.example/", "https://", "javascript:alert(1)", "file:///etc/passwd"] {
            assert_eq!(check(junk, &none).unwrap_err(), AddressRefusal::NotAUrl, "{junk}");
        }
    }
}
