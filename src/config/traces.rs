//! Settings of traces, slow operations, and error reports.

use std::time::Duration;

use clap::Args;

use super::ErrorReportArgs;

#[derive(Debug, Clone, Args)]
pub struct TraceArgs {
    /// The collector that traces are sent to, by OTLP over HTTP: http://127.0.0.1:4318. No traces are recorded when not given.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", hide_env_values = true, value_parser = parse_collector)]
    pub otlp_endpoint: Option<String>,
    /// Headers for the collector, NAME=VALUE between commas, values percent-encoded: only through the environment, where other users of the machine do not see them.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_HEADERS", hide = true, hide_env_values = true)]
    pub otlp_headers: Option<String>,
    /// The share of traces that is recorded, from 0 to 1. Clients that record traces of their own get no more than this share of theirs. Operations
    /// and jobs outside the share that fail or are slow (--slow-milliseconds) are sent with their longest spans.
    #[arg(long, env = "ENTREPOT_TRACE_SAMPLE", default_value = "0.01", value_parser = share)]
    pub trace_sample: f64,
    #[command(flatten)]
    pub slow: SlowArgs,
    #[command(flatten)]
    pub error_reports: ErrorReportArgs,
}

/// Limits from which operations and statements are logged as slow.
#[derive(Debug, Clone, Args)]
pub struct SlowArgs {
    /// Milliseconds from which on an operation or statement is logged as slow, with the text of its slowest statement and no values. 0 logs none.
    #[arg(long, env = "ENTREPOT_SLOW_MILLISECONDS", default_value_t = 1_000)]
    pub slow_milliseconds: u64,
    /// Log the plans of slow queries too, as the database makes them for whatever values: they are not run. At most six a minute, each hourly.
    /// Not with --slow-milliseconds 0.
    #[arg(long, env = "ENTREPOT_SLOW_PLANS")]
    pub slow_plans: bool,
}

impl SlowArgs {
    /// Returns the time from which an operation or statement is logged; None logs nothing, and then
    /// no plan can be logged either.
    pub fn limit(&self) -> Result<Option<Duration>, &'static str> {
        match (self.slow_milliseconds, self.slow_plans) {
            (0, true) => Err("--slow-plans has nothing to plan with --slow-milliseconds 0: leave one of them out"),
            (0, false) => Ok(None),
            (milliseconds, _) => Ok(Some(Duration::from_millis(milliseconds))),
        }
    }
}

impl TraceArgs {
    /// Returns the address that spans are sent to; None if no collector is named. An empty variable
    /// names none.
    pub fn address(&self) -> Option<String> {
        const PATH: &str = "/v1/traces";
        let base = self.otlp_endpoint.as_deref()?.trim_end_matches('/');
        match base {
            "" => None,
            whole if whole.ends_with(PATH) => Some(whole.to_owned()),
            base => Some(format!("{base}{PATH}")),
        }
    }

    /// Names and values of the headers.
    pub fn headers(&self) -> Vec<(String, String)> {
        let pairs = self.otlp_headers.as_deref().unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.trim().to_owned(), percent_decode(value.trim()))).collect()
    }
}

/// Decodes a percent-encoded text. Invalid codes are kept as they are.
fn percent_decode(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(byte) = code {
            bytes.push(byte);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        } else {
            bytes.push(b'%');
            bytes.extend_from_slice(part.as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads the address of a collector.
fn parse_collector(text: &str) -> Result<String, &'static str> {
    let is_address = text.is_empty() || text.starts_with("http://") || text.starts_with("https://");
    if is_address { Ok(text.to_owned()) } else { Err("the address of a collector is expected, as in http://127.0.0.1:4318") }
}

/// Reads a share.
fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("a share is expected, from 0 to 1, as in 0.01")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(endpoint: &str, headers: Option<&str>) -> TraceArgs {
        let otlp_endpoint = Some(parse_collector(endpoint).unwrap());
        let slow = SlowArgs { slow_milliseconds: 0, slow_plans: false };
        let error_reports = ErrorReportArgs { sentry_dsn: None, sentry_environment: "test".to_owned() };
        TraceArgs { otlp_endpoint, otlp_headers: headers.map(str::to_owned), trace_sample: 1.0, slow, error_reports }
    }

    #[test]
    fn a_collector_is_named_by_its_base_or_whole() {
        let address = |endpoint| args(endpoint, None).address();
        let whole = Some("http://127.0.0.1:4318/v1/traces".to_owned());
        for endpoint in ["http://127.0.0.1:4318", "http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"] {
            assert_eq!(address(endpoint), whole, "{endpoint}");
        }
        assert_eq!(address("https://a.example/otlp").as_deref(), Some("https://a.example/otlp/v1/traces"));
        assert_eq!(address(""), None);
        assert!(parse_collector("127.0.0.1:4317").is_err());
    }

    #[test]
    fn plans_of_nothing_are_refused() {
        let limit = |slow_milliseconds, slow_plans| SlowArgs { slow_milliseconds, slow_plans }.limit();
        assert_eq!((limit(0, false), limit(5, true)), (Ok(None), Ok(Some(Duration::from_millis(5)))));
        assert!(limit(0, true).is_err());
    }

    #[test]
    fn headers_are_percent_encoded() {
        let headers = args("", Some("Authorization=Basic%20YTpi, x-team = 100%,odd")).headers();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(headers, [("Authorization", "Basic YTpi"), ("x-team", "100%")]);
        assert!(args("", None).headers().is_empty());
    }

    #[test]
    fn a_share_is_between_nothing_and_everything() {
        assert_eq!((share("0"), share("0.25"), share("1")), (Ok(0.0), Ok(0.25), Ok(1.0)));
        for odd in ["", "-0.1", "1.1", "NaN", "1%"] {
            assert!(share(odd).is_err(), "{odd}");
        }
    }
}
