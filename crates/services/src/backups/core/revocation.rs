//! Revocations, listed beside the backups: a list for each day in UTC.

use std::collections::{BTreeMap, BTreeSet};

use platform::calendar::{civil, first_day_of_month};
use uuid::Uuid;

/// Maximum bytes of a list: more than `MAX_LISTED` revocations have.
pub const MAX_LIST_BYTES: u64 = 64 << 20;
/// Maximum revocations of a list: a day with more has another list.
pub const MAX_LISTED: usize = 500_000;
const DAY_MICROS: i64 = 24 * 3600 * 1_000_000;

/// Kind of a permanent revocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevocationKind {
    ApiKey,
    SuspendedMember,
    FormerMember,
    ErasedCustomer,
    ErasedTenant,
}

impl RevocationKind {
    pub const ALL: [Self; 5] =
        [Self::ApiKey, Self::SuspendedMember, Self::FormerMember, Self::ErasedCustomer, Self::ErasedTenant];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiKey => "API_KEY",
            Self::SuspendedMember => "SUSPENDED_MEMBER",
            Self::FormerMember => "FORMER_MEMBER",
            Self::ErasedCustomer => "ERASED_CUSTOMER",
            Self::ErasedTenant => "ERASED_TENANT",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revoked| revoked.as_str() == text)
    }
}

/// A revocation: only IDs and a time. Sorted by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revocation {
    /// In microseconds since 1970 UTC.
    pub at: i64,
    pub revoked: RevocationKind,
    pub tenant: Uuid,
    /// ID of the key, the member, the customer, or the tenant.
    pub id: Uuid,
}

impl Revocation {
    /// Returns the day in UTC of its list, as in 2026-11-26.
    pub fn day(&self) -> String {
        let (year, month, day) = civil(self.at.div_euclid(DAY_MICROS) as i32);
        format!("{year:04}-{month:02}-{day:02}")
    }
}

/// Groups revocations by day.
pub fn by_day(revocations: &[Revocation]) -> BTreeMap<String, BTreeSet<Revocation>> {
    let mut days: BTreeMap<String, BTreeSet<Revocation>> = BTreeMap::new();
    for revocation in revocations {
        days.entry(revocation.day()).or_default().insert(*revocation);
    }
    days
}

/// Writes a list for encryption: one line for each revocation.
pub fn list_text(list: &BTreeSet<Revocation>) -> String {
    let line = |Revocation { at, revoked, tenant, id }: &Revocation| format!("{at}\t{}\t{tenant}\t{id}\n", revoked.as_str());
    list.iter().map(line).collect()
}

/// Parses the revocations of a list; `None` if this version cannot parse a line.
pub fn listed_revocations(text: &[u8]) -> Option<BTreeSet<Revocation>> {
    let text = std::str::from_utf8(text).ok()?;
    text.lines().map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Revocation> {
    let mut parts = line.split('\t');
    let (at, revoked) = (parts.next()?.parse().ok()?, RevocationKind::parse(parts.next()?)?);
    let (tenant, id) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(Revocation { at, revoked, tenant, id })
}

/// Returns the start of the day that a list's name begins with, in microseconds since 1970 UTC;
/// `None` if the name begins with no day.
pub fn day_of(list: &str) -> Option<i64> {
    let mut parts = list.get(..10)?.splitn(3, '-').map(|part| part.parse::<i32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let day_start = first_day_of_month(year * 12 + month - 1).checked_add(day)? - 1;
    (civil(day_start) == (year, month, day)).then_some(i64::from(day_start) * DAY_MICROS)
}

/// Whether the list of a day may have revocations of after a moment.
pub fn may_cover(day_start: i64, after: i64) -> bool {
    day_start.saturating_add(DAY_MICROS) > after
}

/// Returns the time from which an earlier process may have listed nothing: a day before the newest
/// list began, or `oldest` if there is no list. Lists of days after `now` are ignored: a clock was
/// ahead, or the object is foreign.
pub fn unlisted_since<'a>(lists: impl Iterator<Item = &'a str>, oldest: i64, now: i64) -> i64 {
    let newest = lists.filter_map(day_of).filter(|day_start| *day_start <= now).max();
    newest.map_or(oldest, |day_start| day_start.saturating_sub(DAY_MICROS).max(oldest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revocation(at: i64, revoked: RevocationKind) -> Revocation {
        Revocation { at, revoked, tenant: Uuid::from_u128(1), id: Uuid::from_u128(2) }
    }

    /// 2026-11-26T00:00:00Z in microseconds.
    const BEGAN: i64 = 1_795_651_200_000_000;

    #[test]
    fn a_list_is_read_as_it_was_written_and_no_other_text_is_one() {
        let list: BTreeSet<Revocation> = RevocationKind::ALL.into_iter().map(|revoked| revocation(BEGAN, revoked)).collect();
        let text = list_text(&list);
        assert_eq!(text.lines().count(), RevocationKind::ALL.len());
        assert_eq!(listed_revocations(text.as_bytes()), Some(list));
        assert_eq!(listed_revocations(b""), Some(BTreeSet::new()));
        for wrong in [
            text.replace("API_KEY", "TEAPOT"),
            text.replace('\t', " "),
            format!("{text}\n"),
            text.replace('\n', "\tmore\n"),
            text[..text.len() - 3].to_owned(),
        ] {
            assert_eq!(listed_revocations(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(listed_revocations(b"\xff"), None);
    }

    #[test]
    fn each_day_of_utc_has_a_list() {
        let (before, after) = (revocation(BEGAN - 1, RevocationKind::ApiKey), revocation(BEGAN, RevocationKind::FormerMember));
        let days = by_day(&[after, before, after]);
        assert_eq!(days.keys().collect::<Vec<_>>(), ["2026-11-25", "2026-11-26"]);
        assert_eq!(days["2026-11-26"].len(), 1);
        assert_eq!(day_of("2026-11-26-1a2b3c4d"), Some(BEGAN));
        for wrong in ["lock", "2026-02-30", "2026-13-01", "2026-11--1", "2026-11-00", "é026-11-26", "2026-11-2"] {
            assert_eq!(day_of(wrong), None, "{wrong}");
        }
        assert!(may_cover(BEGAN, BEGAN + DAY_MICROS - 1) && may_cover(BEGAN, 0));
        assert!(!may_cover(BEGAN, BEGAN + DAY_MICROS));
    }

    #[test]
    fn a_full_list_can_be_read_back() {
        let longest = Revocation { at: i64::MIN, ..revocation(0, RevocationKind::SuspendedMember) };
        let line = list_text(&BTreeSet::from([longest])).len() as u64;
        // Encryption adds only a few bytes.
        assert!(line * (MAX_LISTED as u64) + 4096 < MAX_LIST_BYTES, "{line}");
    }

    #[test]
    fn a_process_begins_a_day_before_the_newest_list() {
        let lists = ["2026-11-24", "2026-11-26-1a2b3c4d", "something else"];
        assert_eq!(unlisted_since(lists.into_iter(), 7, BEGAN), BEGAN - DAY_MICROS);
        assert_eq!(unlisted_since(lists.into_iter(), BEGAN, BEGAN), BEGAN);
        assert_eq!(unlisted_since([].into_iter(), 7, BEGAN), 7);
        // A list for tomorrow does not keep today's revocations from being listed.
        assert_eq!(unlisted_since(lists.into_iter(), 7, BEGAN - 1), BEGAN - 3 * DAY_MICROS);
    }
}
