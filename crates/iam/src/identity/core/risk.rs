//! Risk of a login, from the history of the account. Pure.
//!
//! Each sign has a weight, and the weights are added. A new laptop in a new network is two signs:
//! the login succeeds, and an e-mail is sent. The same after wrong passwords, or minutes after a
//! use of the account in another network, requires more than a password.

use entity::prelude::Timestamp;

/// Unusual property of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskFactor {
    /// The account has had no login from the device.
    NewDevice,
    /// Nor from the network.
    NewNetwork,
    /// Wrong passwords were tried since the last login.
    Failures,
    /// The account was in use in another network too shortly before for travel between the two.
    Hurry,
}

impl RiskFactor {
    pub const ALL: [Self; 4] = [Self::NewDevice, Self::NewNetwork, Self::Failures, Self::Hurry];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewDevice => "NEW_DEVICE",
            Self::NewNetwork => "NEW_NETWORK",
            Self::Failures => "FAILURES",
            Self::Hurry => "HURRY",
        }
    }
}

/// Risk from which a password alone is not enough.
const HIGH_SCORE: i32 = 60;
/// Seconds for which wrong passwords count.
pub const FAILURE_WINDOW_SECONDS: i64 = 24 * 3600;
/// Number of wrong passwords from which they are a sign.
const MIN_FAILURES: i64 = 3;
/// Time after a use of the account during which a login from another network is a sign.
const NETWORK_CHANGE_SECONDS: i64 = 300;

/// Risk of a login, from 0 to 100, and its reasons.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Risk {
    pub score: i32,
    pub signs: Vec<RiskFactor>,
}

impl Risk {
    pub fn is_high(&self) -> bool {
        self.score >= HIGH_SCORE
    }
    pub fn has(&self, sign: RiskFactor) -> bool {
        self.signs.contains(&sign)
    }
    /// Whether the account's owner gets an e-mail about the login.
    pub fn warrants_email(&self) -> bool {
        self.has(RiskFactor::NewDevice) || self.has(RiskFactor::Failures)
    }
    /// The signs as stored: words separated by spaces.
    pub fn words(&self) -> String {
        self.signs.iter().map(|sign| sign.as_str()).collect::<Vec<_>>().join(" ")
    }
    /// Parses a stored risk. Unknown signs are skipped.
    pub fn read(score: i32, words: &str) -> Self {
        let named_factor = |word: &str| RiskFactor::ALL.into_iter().find(|sign| sign.as_str() == word);
        Self { score, signs: words.split(' ').filter_map(named_factor).collect() }
    }
}

/// Earlier session of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierSession {
    pub network: Option<String>,
    pub user_agent: Option<String>,
    pub used_at: Timestamp,
    /// Whether that session is still active.
    pub goes_on: bool,
}

/// A login, and the known facts about its account.
#[derive(Debug, Clone, Default)]
pub struct LoginFacts<'a> {
    pub network: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    /// Whether a token of a device was shown that this account has logged in from.
    pub known_device: bool,
    /// The account has had no login before: there is nothing to compare with.
    pub is_first: bool,
    pub before: &'a [EarlierSession],
    /// Wrong passwords since the last login, and the time of the last one.
    pub failures: Option<(i64, Timestamp)>,
}

/// Computes the risk of a login.
pub fn assess(facts: &LoginFacts<'_>, now: Timestamp) -> Risk {
    let mut risk = Risk::default();
    let mut add = |sign, weight| {
        risk.signs.push(sign);
        risk.score += weight;
    };
    let is_same_network = |session: &&EarlierSession| facts.network.is_some() && session.network.as_deref() == facts.network;
    let is_known_network = facts.network.is_none() || facts.before.iter().any(|session| is_same_network(&session));
    // Programs keep no device token: the same program in the same network counts as the same
    // device.
    let is_same_device = |session: &EarlierSession| {
        session.user_agent.as_deref() == facts.user_agent && (is_same_network(&session) || facts.network.is_none())
    };
    let is_known_device = facts.known_device || facts.before.iter().any(is_same_device);
    if !facts.is_first && !is_known_device {
        add(RiskFactor::NewDevice, 25);
    }
    if !facts.is_first && !is_known_network {
        add(RiskFactor::NewNetwork, 20);
    }
    if let Some((count, last_at)) = facts.failures
        && count >= MIN_FAILURES
        && last_at.plus_seconds(FAILURE_WINDOW_SECONDS) > now
    {
        add(RiskFactor::Failures, i32::try_from(count.min(6)).unwrap_or(6) * 5);
    }
    let is_recent = |session: &EarlierSession| session.goes_on && session.used_at.plus_seconds(NETWORK_CHANGE_SECONDS) > now;
    let is_other_network = |session: &EarlierSession| session.network.is_some() && session.network.as_deref() != facts.network;
    if !is_known_device && !is_known_network && facts.before.iter().any(|session| is_recent(session) && is_other_network(session))
    {
        add(RiskFactor::Hurry, 30);
    }
    risk.score = risk.score.min(100);
    risk
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn at(network: &str, agent: &str, seconds_ago: i64) -> EarlierSession {
        let used_at = NOW.plus_seconds(-seconds_ago);
        EarlierSession { network: Some(network.to_owned()), user_agent: Some(agent.to_owned()), used_at, goes_on: true }
    }

    fn signs(facts: &LoginFacts<'_>) -> (i32, Vec<RiskFactor>) {
        let risk = assess(facts, NOW);
        (risk.score, risk.signs)
    }

    #[test]
    fn what_is_usual_is_no_risk() {
        let before = [at("198.51.100.0/24", "Till/1", 86_400)];
        let usual =
            LoginFacts { network: Some("198.51.100.0/24"), user_agent: Some("Till/1"), before: &before, ..LoginFacts::default() };
        assert_eq!(signs(&usual), (0, vec![]));
        let travelling = LoginFacts { network: Some("192.0.2.0/24"), known_device: true, ..usual.clone() };
        assert_eq!(signs(&travelling), (20, vec![RiskFactor::NewNetwork]));
        let laptop = LoginFacts { user_agent: Some("Laptop/2"), ..usual.clone() };
        assert_eq!(signs(&laptop), (25, vec![RiskFactor::NewDevice]));
        let first = LoginFacts { network: Some("192.0.2.0/24"), is_first: true, ..LoginFacts::default() };
        assert_eq!(signs(&first), (0, vec![]), "there is nothing to compare with");
    }

    #[test]
    fn a_password_is_not_enough_after_guesses_or_in_a_hurry() {
        let long_ago = [at("198.51.100.0/24", "Till/1", 86_400)];
        let new = LoginFacts {
            network: Some("192.0.2.0/24"),
            user_agent: Some("Laptop/2"),
            before: &long_ago,
            ..LoginFacts::default()
        };
        let risk = assess(&new, NOW);
        assert_eq!((risk.score, risk.is_high(), risk.warrants_email()), (45, false, true), "a journey");
        for (failures, score, high) in [(2, 45, false), (3, 60, true), (6, 75, true), (1_000, 75, true)] {
            let guessed = assess(&LoginFacts { failures: Some((failures, NOW)), ..new.clone() }, NOW);
            assert_eq!((guessed.score, guessed.is_high()), (score, high), "{failures}");
        }
        let forgotten = LoginFacts { failures: Some((9, NOW.plus_seconds(-FAILURE_WINDOW_SECONDS))), ..new.clone() };
        assert!(!assess(&forgotten, NOW).is_high());
        let at_work = [at("198.51.100.0/24", "Till/1", NETWORK_CHANGE_SECONDS - 1)];
        let hurry = assess(&LoginFacts { before: &at_work, ..new.clone() }, NOW);
        assert_eq!((hurry.score, hurry.signs.last()), (75, Some(&RiskFactor::Hurry)));
        let known = assess(&LoginFacts { before: &at_work, known_device: true, ..new.clone() }, NOW);
        assert!(!known.is_high(), "a phone that changes its network");
        let ended = [EarlierSession { goes_on: false, ..at("198.51.100.0/24", "Till/1", 10) }];
        assert!(!assess(&LoginFacts { before: &ended, ..new }, NOW).is_high(), "they logged out there");
    }

    #[test]
    fn wrong_passwords_alone_ask_for_no_more_where_one_is_known() {
        let before = [at("198.51.100.0/24", "Till/1", 60)];
        let clumsy = LoginFacts {
            network: Some("198.51.100.0/24"),
            user_agent: Some("Till/1"),
            before: &before,
            failures: Some((9, NOW)),
            ..LoginFacts::default()
        };
        let risk = assess(&clumsy, NOW);
        assert_eq!((risk.score, risk.is_high(), risk.warrants_email()), (30, false, true));
    }

    #[test]
    fn a_risk_is_read_as_it_was_kept() {
        let risk = Risk { score: 75, signs: vec![RiskFactor::NewDevice, RiskFactor::Hurry] };
        assert_eq!(Risk::read(75, &risk.words()), risk);
        assert_eq!(Risk::read(0, ""), Risk::default());
        assert_eq!(Risk::read(9, "SOMETHING_LATER FAILURES").signs, [RiskFactor::Failures]);
    }
}
