//! Settings of what containers run beside a node, where there is no shell: whether it is ready, and the first key.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

use clap::Args;

#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// URL of the health check, by plain http: http://127.0.0.1:9090/readyz. /readyz at the address of --listen, on this machine, when not given. A node with TLS of its own is
    /// asked at the address of its --metrics-listen.
    #[arg(long, env = "ENTREPOT_HEALTH_URL")]
    pub url: Option<HealthUrl>,
    /// Address that the node listens on.
    #[arg(long, env = "ENTREPOT_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Seconds that the answer may take.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout_seconds: u64,
}

#[derive(Debug, Clone, Args)]
pub struct NewKeyArgs {
    /// Write the key to this new file instead. One that has keys already stays as it is.
    #[arg(long)]
    pub file: Option<PathBuf>,
}

impl HealthArgs {
    pub fn address(&self) -> HealthUrl {
        self.url.clone().unwrap_or_else(|| {
            let ip = match self.listen.ip() {
                IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
                ip => ip,
            };
            HealthUrl { authority: SocketAddr::new(ip, self.listen.port()).to_string(), path: "/readyz".to_owned() }
        })
    }
}

/// A URL of plain http with a port, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthUrl {
    /// Host and port.
    pub authority: String,
    pub path: String,
}

impl FromStr for HealthUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED_FORMAT: &str = "an address of plain http with its port is expected, as in http://127.0.0.1:9090/readyz";
        let rest = text.strip_prefix("http://").ok_or(EXPECTED_FORMAT)?;
        let (authority, path) = rest.split_once('/').ok_or(EXPECTED_FORMAT)?;
        let (host, port) = authority.rsplit_once(':').ok_or(EXPECTED_FORMAT)?;
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic());
        if host.is_empty() || port.parse::<u16>().is_err() || !is_plain {
            return Err(EXPECTED_FORMAT);
        }
        Ok(Self { authority: authority.to_owned(), path: format!("/{path}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_node_is_asked_where_it_listens() {
        let address =
            |listen: &str| HealthArgs { url: None, listen: listen.parse().unwrap(), timeout_seconds: 2 }.address().authority;
        assert_eq!(address("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(address("[::]:9000"), "[::1]:9000");
        assert_eq!(address("10.0.0.7:80"), "10.0.0.7:80");
    }

    #[test]
    fn an_address_has_a_port_and_a_path() {
        let url = "http://localhost:9090/readyz".parse::<HealthUrl>().unwrap();
        assert_eq!((url.authority.as_str(), url.path.as_str()), ("localhost:9090", "/readyz"));
        for odd in ["", "https://a:1/readyz", "http://a/readyz", "http://a:1", "http://:1/", "http://a:b/", "http://a:1/x y"] {
            assert!(odd.parse::<HealthUrl>().is_err(), "{odd}");
        }
    }
}
