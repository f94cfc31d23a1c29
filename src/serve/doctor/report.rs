//! Findings of the checks, and their output.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub check: &'static str,
    pub verdict: Verdict,
    /// Observed state.
    pub seen: String,
    /// Next step; None if nothing is wrong.
    pub advice: Option<String>,
}

impl Finding {
    pub fn ok(check: &'static str, observation: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, seen: observation.into(), advice: None }
    }
    pub fn warn(check: &'static str, observation: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warn, seen: observation.into(), advice: Some(advice.into()) }
    }
    pub fn fail(check: &'static str, observation: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fail, seen: observation.into(), advice: Some(advice.into()) }
    }

    /// Verdict, check, observation, advice: one line.
    pub fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Ok => "OK",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        let advice = self.advice.as_ref().map(|advice| format!(". Next: {advice}")).unwrap_or_default();
        format!("{verdict:<4}  {}: {}{advice}", self.check, self.seen).replace(['\n', '\r'], " ")
    }
}

/// Whether no check fails.
pub(super) fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.verdict != Verdict::Fail)
}

/// All findings as one JSON object.
pub(super) fn json(findings: &[Finding]) -> String {
    serde_json::json!({ "ok": is_sound(findings), "checks": findings }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_a_line_and_an_object() {
        let findings = [Finding::ok("clock", "equal"), Finding::warn("disk", "little\nis free", "free some")];
        assert_eq!(findings[0].line(), "OK    clock: equal");
        assert_eq!(findings[1].line(), "WARN  disk: little is free. Next: free some");
        let written: serde_json::Value = serde_json::from_str(&json(&findings)).unwrap();
        assert_eq!(written["ok"], true, "a warning is no failure");
        assert_eq!(written["checks"][1]["verdict"], "WARN");
        assert_eq!(written["checks"][0]["advice"], serde_json::Value::Null);
        assert!(!is_sound(&[Finding::fail("keys", "gone", "bring them back")]));
    }
}
