//! Format of log lines, and the address that errors among them are reported to.

use clap::{Args, ValueEnum};

/// The longest name of an environment, in characters, as Sentry takes it.
const MAX_ENVIRONMENT: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Time, level, target, message and fields, in colours on a terminal.
    Text,
    /// An object a line: `timestamp` (RFC 3339, UTC), `level`, `target`, and in `fields` the message with what is told beside it, as `request_id`.
    Json,
}

#[derive(Debug, Clone, Args)]
pub struct ErrorReportArgs {
    /// Sentry-compatible address that panics and errors of the log are reported to, without any value of a request: https://KEY@HOST/PROJECT. Nothing
    /// is reported when not given.
    #[arg(long, env = "ENTREPOT_SENTRY_DSN", hide_env_values = true, value_parser = dsn)]
    pub sentry_dsn: Option<String>,
    /// The environment that reports are filed under.
    #[arg(long, env = "ENTREPOT_SENTRY_ENVIRONMENT", default_value = "production", value_parser = environment)]
    pub sentry_environment: String,
}

impl ErrorReportArgs {
    /// Returns the address that reports are sent to; None if none is given. An empty variable gives
    /// none.
    pub fn dsn(&self) -> Option<Dsn> {
        self.sentry_dsn.as_deref().and_then(Dsn::parse)
    }
}

/// The address of a project of Sentry's, or of a service that takes its envelopes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dsn {
    /// Address that envelopes are posted to.
    pub envelopes: String,
    /// The project's public key.
    pub key: String,
}

impl Dsn {
    /// Reads `SCHEME://KEY@HOST[:PORT][/PATH]/PROJECT`. A secret behind the key, as old addresses have one, is left out.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (login, place) = rest.split_once('@')?;
        let key = login.split(':').next()?;
        let (base, project) = place.trim_end_matches('/').rsplit_once('/')?;
        let is_base = base.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@'));
        let is_address = matches!(scheme, "http" | "https") && is_base && !base.is_empty() && !base.starts_with('/');
        let envelopes = format!("{scheme}://{base}/api/{project}/envelope/");
        (is_address && is_word(key) && is_word(project)).then(|| Self { envelopes, key: key.to_owned() })
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Reads the address of a project.
fn dsn(text: &str) -> Result<String, &'static str> {
    let is_dsn = text.is_empty() || Dsn::parse(text).is_some();
    if is_dsn { Ok(text.to_owned()) } else { Err("the DSN of a project is expected, as in https://KEY@HOST/PROJECT") }
}

/// Reads the name of an environment.
fn environment(text: &str) -> Result<String, &'static str> {
    let is_name = is_word(text) && text.len() <= MAX_ENVIRONMENT;
    if is_name { Ok(text.to_owned()) } else { Err("the name of an environment is expected, as in production") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_leads_to_the_envelopes_of_its_project() {
        let parsed = |text| Dsn::parse(text).map(|dsn| (dsn.envelopes, dsn.key));
        let expected = |address: &str| Some((address.to_owned(), "0a1b".to_owned()));
        assert_eq!(parsed("https://0a1b@sentry.example/7"), expected("https://sentry.example/api/7/envelope/"));
        assert_eq!(parsed("http://0a1b:old@10.0.0.1:9000/errors/7/"), expected("http://10.0.0.1:9000/errors/api/7/envelope/"));
        for odd in [
            "",
            "sentry.example/7",
            "https://sentry.example/7",
            "https://@a/7",
            "https://k@a",
            "https://k@/7",
            "ftp://k@a/7",
            "https://k@a/7?x",
        ] {
            assert_eq!(parsed(odd), None, "{odd}");
        }
        assert!(dsn("").is_ok() && dsn("https://a/7").is_err());
    }

    #[test]
    fn an_environment_is_a_short_word() {
        assert!(environment("staging-2").is_ok());
        for odd in ["", "two words", "a/b", &"x".repeat(65)] {
            assert!(environment(odd).is_err(), "{odd}");
        }
    }
}
