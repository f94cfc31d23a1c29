//! How unusual a login is, told from what is known of the account. Pure.
//!
//! Each sign has its weight, and they add up. A new laptop on a journey is two signs and is let in with a letter; the same after wrong passwords,
//! or minutes after somebody was at work elsewhere, is asked for more than a password.

use entity::prelude::Timestamp;

/// What is odd about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Nobody has logged in to this account from the device.
    NewDevice,
    /// Nor from the network.
    NewNetwork,
    /// Wrong passwords were tried since the last login.
    Failures,
    /// The account was in use in another network a moment ago, and nobody travels that fast.
    Hurry,
}

impl Sign {
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

/// From so much on a password is not enough.
const HIGH: i32 = 60;
/// Wrong passwords count for so long …
pub const FAILURE_SECONDS: i64 = 24 * 3600;
/// … and from so many on.
const FAILURES: i64 = 3;
/// Who was at work somewhere so lately is not somewhere else now.
const HURRY_SECONDS: i64 = 300;

/// How unusual a login is, from 0 to 100, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Risk {
    pub score: i32,
    pub signs: Vec<Sign>,
}

impl Risk {
    pub fn is_high(&self) -> bool {
        self.score >= HIGH
    }
    pub fn has(&self, sign: Sign) -> bool {
        self.signs.contains(&sign)
    }
    /// Whether its owner should hear of the login.
    pub fn is_worth_a_letter(&self) -> bool {
        self.has(Sign::NewDevice) || self.has(Sign::Failures)
    }
    /// The signs as they are kept: words between spaces.
    pub fn words(&self) -> String {
        self.signs.iter().map(|sign| sign.as_str()).collect::<Vec<_>>().join(" ")
    }
    /// A risk as it was kept. Signs that this version does not know are left out.
    pub fn read(score: i32, words: &str) -> Self {
        let known = |word: &str| Sign::ALL.into_iter().find(|sign| sign.as_str() == word);
        Self { score, signs: words.split(' ').filter_map(known).collect() }
    }
}

/// Where somebody has logged in before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    pub network: Option<String>,
    pub user_agent: Option<String>,
    pub used_at: Timestamp,
    /// Whether that session goes on.
    pub goes_on: bool,
}

/// A login, and what is known of its account.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    pub network: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    /// Whether a token of a device was shown that this account has logged in from.
    pub known_device: bool,
    /// Nobody has ever logged in: there is nothing to compare with.
    pub is_first: bool,
    pub before: &'a [Before],
    /// Wrong passwords since the last login, and when the last of them was.
    pub failures: Option<(i64, Timestamp)>,
}

/// What a login comes to.
pub fn assess(facts: &Facts<'_>, now: Timestamp) -> Risk {
    let mut risk = Risk::default();
    let mut add = |sign, weight| {
        risk.signs.push(sign);
        risk.score += weight;
    };
    let here = |before: &&Before| facts.network.is_some() && before.network.as_deref() == facts.network;
    let is_known_network = facts.network.is_none() || facts.before.iter().any(|before| here(&before));
    // Programs keep no token of a device: the same program in the same network is taken for the same one.
    let same = |before: &Before| before.user_agent.as_deref() == facts.user_agent && (here(&before) || facts.network.is_none());
    let is_known_device = facts.known_device || facts.before.iter().any(same);
    if !facts.is_first && !is_known_device {
        add(Sign::NewDevice, 25);
    }
    if !facts.is_first && !is_known_network {
        add(Sign::NewNetwork, 20);
    }
    if let Some((count, last_at)) = facts.failures
        && count >= FAILURES
        && last_at.plus_seconds(FAILURE_SECONDS) > now
    {
        add(Sign::Failures, i32::try_from(count.min(6)).unwrap_or(6) * 5);
    }
    let lately = |before: &Before| before.goes_on && before.used_at.plus_seconds(HURRY_SECONDS) > now;
    let elsewhere = |before: &Before| before.network.is_some() && before.network.as_deref() != facts.network;
    if !is_known_device && !is_known_network && facts.before.iter().any(|before| lately(before) && elsewhere(before)) {
        add(Sign::Hurry, 30);
    }
    risk.score = risk.score.min(100);
    risk
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn at(network: &str, agent: &str, seconds_ago: i64) -> Before {
        let used_at = NOW.plus_seconds(-seconds_ago);
        Before { network: Some(network.to_owned()), user_agent: Some(agent.to_owned()), used_at, goes_on: true }
    }

    fn signs(facts: &Facts<'_>) -> (i32, Vec<Sign>) {
        let risk = assess(facts, NOW);
        (risk.score, risk.signs)
    }

    #[test]
    fn what_is_usual_is_no_risk() {
        let before = [at("198.51.100.0/24", "Till/1", 86_400)];
        let usual = Facts { network: Some("198.51.100.0/24"), user_agent: Some("Till/1"), before: &before, ..Facts::default() };
        assert_eq!(signs(&usual), (0, vec![]));
        let travelling = Facts { network: Some("192.0.2.0/24"), known_device: true, ..usual.clone() };
        assert_eq!(signs(&travelling), (20, vec![Sign::NewNetwork]));
        let laptop = Facts { user_agent: Some("Laptop/2"), ..usual.clone() };
        assert_eq!(signs(&laptop), (25, vec![Sign::NewDevice]));
        let first = Facts { network: Some("192.0.2.0/24"), is_first: true, ..Facts::default() };
        assert_eq!(signs(&first), (0, vec![]), "there is nothing to compare with");
    }

    #[test]
    fn a_password_is_not_enough_after_guesses_or_in_a_hurry() {
        let long_ago = [at("198.51.100.0/24", "Till/1", 86_400)];
        let new = Facts { network: Some("192.0.2.0/24"), user_agent: Some("Laptop/2"), before: &long_ago, ..Facts::default() };
        let risk = assess(&new, NOW);
        assert_eq!((risk.score, risk.is_high(), risk.is_worth_a_letter()), (45, false, true), "a journey");
        for (failures, score, high) in [(2, 45, false), (3, 60, true), (6, 75, true), (1_000, 75, true)] {
            let guessed = assess(&Facts { failures: Some((failures, NOW)), ..new.clone() }, NOW);
            assert_eq!((guessed.score, guessed.is_high()), (score, high), "{failures}");
        }
        let forgotten = Facts { failures: Some((9, NOW.plus_seconds(-FAILURE_SECONDS))), ..new.clone() };
        assert!(!assess(&forgotten, NOW).is_high());
        let at_work = [at("198.51.100.0/24", "Till/1", HURRY_SECONDS - 1)];
        let hurry = assess(&Facts { before: &at_work, ..new.clone() }, NOW);
        assert_eq!((hurry.score, hurry.signs.last()), (75, Some(&Sign::Hurry)));
        let known = assess(&Facts { before: &at_work, known_device: true, ..new.clone() }, NOW);
        assert!(!known.is_high(), "a phone that changes its network");
        let ended = [Before { goes_on: false, ..at("198.51.100.0/24", "Till/1", 10) }];
        assert!(!assess(&Facts { before: &ended, ..new }, NOW).is_high(), "they logged out there");
    }

    #[test]
    fn wrong_passwords_alone_ask_for_no_more_where_one_is_known() {
        let before = [at("198.51.100.0/24", "Till/1", 60)];
        let clumsy = Facts {
            network: Some("198.51.100.0/24"),
            user_agent: Some("Till/1"),
            before: &before,
            failures: Some((9, NOW)),
            ..Facts::default()
        };
        let risk = assess(&clumsy, NOW);
        assert_eq!((risk.score, risk.is_high(), risk.is_worth_a_letter()), (30, false, true));
    }

    #[test]
    fn a_risk_is_read_as_it_was_kept() {
        let risk = Risk { score: 75, signs: vec![Sign::NewDevice, Sign::Hurry] };
        assert_eq!(Risk::read(75, &risk.words()), risk);
        assert_eq!(Risk::read(0, ""), Risk::default());
        assert_eq!(Risk::read(9, "SOMETHING_LATER FAILURES").signs, [Sign::Failures]);
    }
}
