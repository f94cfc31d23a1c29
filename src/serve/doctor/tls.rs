//! The certificate and the key of the public listener.

use platform::clock::Clock;
use server::TlsFiles;

use super::report::Finding;

const CHECK: &str = "tls";
const DAY: i64 = 24 * 3600;

pub(super) async fn check_certificate(files: TlsFiles, clock: Clock) -> Vec<Finding> {
    let now = clock.now().micros().div_euclid(1_000_000);
    let mut findings = vec![match files.load() {
        Ok(certificate) => expiry_finding(certificate.expires_at.saturating_sub(now)),
        Err(error) => {
            let advice =
                "correct the file that it names: nodes do not start with it, and running ones serve the previous certificate";
            Finding::fail(CHECK, error.to_string(), advice)
        }
    }];
    findings.extend(mode(&files.key));
    findings
}

/// A certificate and the key that belongs to it, by the seconds until it expires.
fn expiry_finding(seconds_left: i64) -> Finding {
    let days = seconds_left.div_euclid(DAY);
    let advice = "renew it, and check the log of the tool that renews it; nodes read both files again within seconds";
    if seconds_left < 0 {
        return Finding::fail(
            CHECK,
            format!("the certificate expired {} day(s) ago", seconds_left.saturating_neg() / DAY),
            advice,
        );
    }
    let observation = format!("the key is the certificate's, which expires in {days} day(s)");
    match days {
        0..3 => Finding::fail(CHECK, observation, advice),
        3..14 => Finding::warn(CHECK, observation, advice),
        _ => Finding::ok(CHECK, observation),
    }
}

/// Returns the finding about other users' access to the key.
#[cfg(unix)]
fn mode(key: &std::path::Path) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt;

    let mode = std::fs::metadata(key).ok()?.mode();
    Some(super::rules::mode(&key.display().to_string(), mode, true))
}

#[cfg(not(unix))]
fn mode(_key: &std::path::Path) -> Option<Finding> {
    None
}

#[cfg(test)]
mod tests {
    use super::{super::report::Verdict, *};

    #[test]
    fn a_certificate_is_renewed_two_weeks_before_its_end() {
        for (left, verdict, words) in [
            (90 * DAY, Verdict::Ok, "in 90 day(s)"),
            (14 * DAY, Verdict::Ok, "in 14 day(s)"),
            (14 * DAY - 1, Verdict::Warn, "in 13 day(s)"),
            (3 * DAY, Verdict::Warn, "in 3 day(s)"),
            (3 * DAY - 1, Verdict::Fail, "in 2 day(s)"),
            (0, Verdict::Fail, "in 0 day(s)"),
            (-1, Verdict::Fail, "expired 0 day(s) ago"),
            (-2 * DAY, Verdict::Fail, "expired 2 day(s) ago"),
        ] {
            let finding = expiry_finding(left);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.seen.contains(words), "{finding:?}");
        }
    }
}
