//! Settings that a tenant changes itself, and their rules: pure.

use entity::prelude::*;
use platform::stages::keep_earliest;

use super::{
    pattern_limits::{PatternChange, PatternLimits},
    rejection::{Field, Rejection},
};
use crate::identity::{LENGTH_STEP, LENGTHS};

/// The settings that a tenant changes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub version: i64,
    pub name: String,
    pub currency: String,
    pub time_zone: String,
    pub mfa_required: bool,
    pub reservation_seconds: i64,
    /// Seconds without use after which a session ends; None: the deployment's limit.
    pub session_idle_seconds: Option<i64>,
    /// Seconds after which a session ends; None: the deployment's limit.
    pub session_seconds: Option<i64>,
    /// Characters that members' passwords have at least; None is the deployment's own limit.
    pub password_length: Option<i64>,
    /// Total, in minor units of the currency, above which a purchase order needs the approval of a
    /// member other than its requester; None: no approval is needed.
    pub approval_minor: Option<i64>,
    /// Method by which the cost of outgoing stock is computed.
    pub costing_method: CostingMethod,
    /// Last day of the closed period, in days since 1970-01-01: nothing can be booked for it or
    /// earlier.
    pub closed_through: Option<i32>,
    /// Whole units of a day's largest line from which on a strange day is shown; None: the default of the detector.
    pub anomaly_size: Option<i64>,
    /// Maximum days between equal receipts that are shown as one received twice; None: the default
    /// of the detector.
    pub duplicate_receipt_days: Option<i64>,
    pub patterns: PatternLimits,
}

impl Settings {
    pub fn approval_limit(&self) -> Option<Money> {
        Some(Money::new(self.approval_minor?, Currency::parse(&self.currency)?))
    }
}

/// Changes to the settings; a field that is None stays, and `Some(None)` resets to the deployment's
/// own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    pub expected_version: i64,
    pub name: Option<String>,
    pub currency: Option<String>,
    pub time_zone: Option<String>,
    pub mfa_required: Option<bool>,
    pub reservation_seconds: Option<i64>,
    pub session_idle_seconds: Option<Option<i64>>,
    pub session_seconds: Option<Option<i64>>,
    pub password_length: Option<Option<i64>>,
    pub approval_limit: Option<Option<Money>>,
    pub costing_method: Option<CostingMethod>,
    pub closed_through: Option<Option<i32>>,
    pub anomaly_size: Option<Option<i64>>,
    pub duplicate_receipt_days: Option<Option<i64>>,
    pub patterns: PatternChange,
}

/// Facts besides the settings that decide a change.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Values in the ledger are in the tenant's currency.
    pub has_values: bool,
    pub is_time_zone: fn(&str) -> bool,
    /// The earliest current day among the time zones of the tenant and its stores, in days since
    /// 1970-01-01.
    pub today: i32,
}

pub const MAX_NAME: usize = 200;
/// A pending order holds its stock for a minute at least, and for thirty days at most.
pub const RESERVATION_SECONDS_RANGE: (i64, i64) = (60, 30 * 24 * 3600);
/// Tenants may only be stricter than the deployment's twelve hours and fourteen days.
pub const SESSION_IDLE_SECONDS_RANGE: (i64, i64) = (300, 12 * 3600);
pub const SESSION_SECONDS_RANGE: (i64, i64) = (900, 14 * 24 * 3600);
/// Range of the size limit: at least one unit; a limit above a million would show nothing.
pub const ANOMALY_SIZE_RANGE: (i64, i64) = (1, 1_000_000);
pub const DUPLICATE_RECEIPT_DAYS_RANGE: (i64, i64) = (1, 30);

/// The settings after the change, or its rejections: all of the first stage that has any.
pub fn decide(current: &Settings, change: &Change, facts: Facts) -> Result<Settings, Vec<Rejection>> {
    let mut rejections = Vec::new();
    if change.expected_version != current.version {
        rejections.push(Rejection::Stale { actual: current.version });
    }
    let mut next = current.clone();
    if let Some(name) = &change.name {
        match check_tenant_name(name.trim()) {
            Ok(name) => next.name = name,
            Err(rejection) => rejections.push(rejection),
        }
    }
    if let Some(code) = &change.currency {
        match Currency::parse(code) {
            None => rejections.push(Rejection::Currency),
            Some(_) if facts.has_values && *code != current.currency => rejections.push(Rejection::CurrencyInUse),
            Some(_) => code.clone_into(&mut next.currency),
        }
    }
    if let Some(zone) = &change.time_zone {
        if (facts.is_time_zone)(zone) {
            zone.clone_into(&mut next.time_zone);
        } else {
            rejections.push(Rejection::TimeZone);
        }
    }
    next.mfa_required = change.mfa_required.unwrap_or(current.mfa_required);
    next.costing_method = change.costing_method.unwrap_or(current.costing_method);
    next.closed_through = change.closed_through.unwrap_or(current.closed_through);
    if change.closed_through.flatten().is_some_and(|day| day >= facts.today) {
        rejections.push(Rejection::DayNotOver);
    }
    let mut checked_value = |value: i64, field: Field, (least, most): (i64, i64)| {
        if !(least..=most).contains(&value) {
            rejections.push(Rejection::OutOfRange { field, least, most });
        }
        value
    };
    if let Some(seconds) = change.reservation_seconds {
        next.reservation_seconds = checked_value(seconds, Field::ReservationSeconds, RESERVATION_SECONDS_RANGE);
    }
    if let Some(seconds) = change.session_idle_seconds {
        next.session_idle_seconds =
            seconds.map(|seconds| checked_value(seconds, Field::SessionIdleSeconds, SESSION_IDLE_SECONDS_RANGE));
    }
    if let Some(seconds) = change.session_seconds {
        next.session_seconds = seconds.map(|seconds| checked_value(seconds, Field::SessionSeconds, SESSION_SECONDS_RANGE));
    }
    if let Some(size) = change.anomaly_size {
        next.anomaly_size = size.map(|size| checked_value(size, Field::AnomalySize, ANOMALY_SIZE_RANGE));
    }
    if let Some(days) = change.duplicate_receipt_days {
        next.duplicate_receipt_days =
            days.map(|days| checked_value(days, Field::DuplicateReceiptDays, DUPLICATE_RECEIPT_DAYS_RANGE));
    }
    if let Some(length) = change.password_length {
        next.password_length = length;
        if length.is_some_and(|length| !LENGTHS.contains(&length) || length % LENGTH_STEP != 0) {
            rejections.push(Rejection::PasswordLength);
        }
    }
    next.patterns = current.patterns.apply_change(&change.patterns, &mut rejections);
    rejections.extend(limit_approval(&mut next, current, change).err());
    if !rejections.is_empty() {
        return Err(keep_earliest(rejections));
    }
    if next != *current {
        next.version += 1;
    }
    Ok(next)
}

/// The limit is in the currency that the books will have.
fn limit_approval(next: &mut Settings, now: &Settings, change: &Change) -> Result<(), Rejection> {
    match &change.approval_limit {
        Some(Some(limit)) if limit.currency.as_str() != next.currency => {
            return Err(Rejection::ApprovalCurrency(next.currency.clone()));
        }
        Some(Some(limit)) if limit.minor < 0 => return Err(Rejection::ApprovalNegative),
        Some(limit) => next.approval_minor = limit.map(|limit| limit.minor),
        // Pounds do not become yen by being called so.
        None if next.currency != now.currency && now.approval_minor.is_some() => {
            return Err(Rejection::ApprovalCurrency(next.currency.clone()));
        }
        None => {}
    }
    Ok(())
}

fn check_tenant_name(name: &str) -> Result<String, Rejection> {
    if name.is_empty() {
        Err(Rejection::NoName)
    } else if name.chars().count() > MAX_NAME {
        Err(Rejection::NameTooLong { most: MAX_NAME })
    } else if name.chars().any(char::is_control) {
        Err(Rejection::OddName)
    } else {
        Ok(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            version: 3,
            name: "Mugs".to_owned(),
            currency: "GBP".to_owned(),
            time_zone: "Europe/London".to_owned(),
            mfa_required: false,
            reservation_seconds: 900,
            session_idle_seconds: None,
            session_seconds: Some(3600),
            password_length: None,
            approval_minor: None,
            costing_method: CostingMethod::MovingAverage,
            closed_through: None,
            anomaly_size: None,
            duplicate_receipt_days: None,
            patterns: PatternLimits::default(),
        }
    }
    const FACTS: Facts = Facts { has_values: false, is_time_zone: |zone| zone == "Europe/Paris", today: 20_000 };

    #[test]
    fn changes_what_is_named_and_counts_up_once() {
        let change = Change {
            expected_version: 3,
            name: Some("  Cups ".to_owned()),
            mfa_required: Some(true),
            session_seconds: Some(None),
            ..Change::default()
        };
        let next = decide(&settings(), &change, FACTS).unwrap();
        let expected = Settings { version: 4, name: "Cups".to_owned(), mfa_required: true, session_seconds: None, ..settings() };
        assert_eq!(next, expected);
        let nothing = Change { expected_version: 3, ..Change::default() };
        assert_eq!(decide(&settings(), &nothing, FACTS), Ok(settings()), "nothing changed is no new version");
    }

    #[test]
    fn says_everything_that_is_wrong_stage_by_stage() {
        let ranges = Change { reservation_seconds: Some(59), session_idle_seconds: Some(Some(43_201)), ..Change::default() };
        let form = Change {
            name: Some(" ".to_owned()),
            currency: Some("GPB".to_owned()),
            time_zone: Some("Europe/Londres".to_owned()),
            ..ranges.clone()
        };
        let told = decide(&settings(), &form, FACTS);
        assert_eq!(told, Err(vec![Rejection::NoName, Rejection::Currency, Rejection::TimeZone]));
        let of = |field, (least, most)| Rejection::OutOfRange { field, least, most };
        let told = decide(&settings(), &ranges, FACTS);
        let values = vec![
            of(Field::ReservationSeconds, RESERVATION_SECONDS_RANGE),
            of(Field::SessionIdleSeconds, SESSION_IDLE_SECONDS_RANGE),
        ];
        assert_eq!(told, Err(values), "before the version, which is another one, too");
        assert_eq!(decide(&settings(), &Change::default(), FACTS), Err(vec![Rejection::Stale { actual: 3 }]));
    }

    #[test]
    fn passwords_can_only_be_asked_to_be_longer() {
        let change = |length| Change { expected_version: 3, password_length: Some(length), ..Change::default() };
        assert_eq!(decide(&settings(), &change(Some(16)), FACTS).unwrap().password_length, Some(16));
        assert_eq!(decide(&settings(), &change(None), FACTS), Ok(settings()));
        for length in [8, 11, 13, 66, 68] {
            assert_eq!(decide(&settings(), &change(Some(length)), FACTS), Err(vec![Rejection::PasswordLength]), "{length}");
        }
    }

    #[test]
    fn strange_days_are_shown_from_a_size_on() {
        let change = |size| Change { expected_version: 3, anomaly_size: Some(size), ..Change::default() };
        assert_eq!(decide(&settings(), &change(Some(20)), FACTS).unwrap().anomaly_size, Some(20));
        assert_eq!(decide(&settings(), &change(None), FACTS), Ok(settings()));
        for size in [0, -5, 1_000_001] {
            let wrong = Rejection::OutOfRange { field: Field::AnomalySize, least: 1, most: 1_000_000 };
            assert_eq!(decide(&settings(), &change(Some(size)), FACTS), Err(vec![wrong]), "{size}");
        }
    }

    #[test]
    fn books_are_closed_through_a_day_that_is_over_and_opened_again() {
        let change = |day| Change { expected_version: 3, closed_through: Some(day), ..Change::default() };
        let closed = decide(&settings(), &change(Some(19_999)), FACTS).unwrap();
        assert_eq!((closed.closed_through, closed.version), (Some(19_999), 4));
        assert_eq!(decide(&settings(), &change(Some(20_000)), FACTS), Err(vec![Rejection::DayNotOver]));
        let closed = Settings { version: 3, ..closed };
        assert_eq!(decide(&closed, &change(Some(19_000)), FACTS).unwrap().closed_through, Some(19_000));
        assert_eq!(decide(&closed, &change(None), FACTS).unwrap().closed_through, None);
    }

    #[test]
    fn an_approval_limit_is_in_the_currency_of_the_books() {
        let of = |minor, code: &str| Some(Some(Money::new(minor, Currency::parse(code).unwrap())));
        let change = |currency: Option<&str>, approval_limit| Change {
            expected_version: 3,
            currency: currency.map(ToOwned::to_owned),
            approval_limit,
            ..Change::default()
        };
        let limited = decide(&settings(), &change(None, of(50_000, "GBP")), FACTS).unwrap();
        assert_eq!((limited.approval_minor, limited.version), (Some(50_000), 4));
        let limited = Settings { version: 3, ..limited };
        let yen = || Err(vec![Rejection::ApprovalCurrency("JPY".to_owned())]);
        assert_eq!(decide(&limited, &change(Some("JPY"), None), FACTS), yen());
        assert_eq!(decide(&limited, &change(Some("JPY"), of(1, "GBP")), FACTS), yen());
        assert_eq!(decide(&limited, &change(Some("JPY"), of(900, "JPY")), FACTS).unwrap().approval_minor, Some(900));
        assert_eq!(decide(&limited, &change(Some("JPY"), Some(None)), FACTS).unwrap().approval_minor, None);
        assert_eq!(decide(&limited, &change(None, of(-1, "GBP")), FACTS), Err(vec![Rejection::ApprovalNegative]));
    }

    #[test]
    fn the_currency_stays_once_the_ledger_has_values_in_it() {
        let change = |code: &str| Change { expected_version: 3, currency: Some(code.to_owned()), ..Change::default() };
        let moved = Facts { has_values: true, ..FACTS };
        assert_eq!(decide(&settings(), &change("EUR"), moved), Err(vec![Rejection::CurrencyInUse]));
        assert!(decide(&settings(), &change("GBP"), moved).is_ok());
        assert_eq!(decide(&settings(), &change("EUR"), FACTS).unwrap().currency, "EUR");
    }
}
