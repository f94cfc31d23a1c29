//! The only file that reads the time or draws randomness. All other code receives a `Clock`.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant as SystemInstant},
};

use entity::prelude::{Id, Timestamp};
use jiff::{Timestamp as Instant, civil, tz::TimeZone};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use crate::calendar;

/// Monotonic time of this process: microseconds since its first use. It never goes back or jumps
/// when the machine's clock is changed, so it measures durations inside a process: budgets, caches
/// of some seconds, pauses. It has no meaning in another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(i64);

impl Monotonic {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// Returns the time elapsed since an earlier moment, or zero if that moment is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or_default())
    }
}

/// Moment of the first reading in this process.
static PROCESS_START: OnceLock<SystemInstant> = OnceLock::new();

/// Time and randomness, injected: the system's in `serve`, a fixed hand and a seed in tests.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    steady: Arc<dyn Fn() -> Monotonic + Send + Sync>,
    random: Arc<Mutex<StdRng>>,
}

impl Clock {
    /// The machine's clock and the operating system's randomness.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may read the time")]
    pub fn system() -> Self {
        let wall_time = || {
            let elapsed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            Timestamp(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
        };
        let monotonic = || {
            let elapsed = PROCESS_START.get_or_init(SystemInstant::now).elapsed();
            Monotonic(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
        };
        Self { read: Arc::new(wall_time), steady: Arc::new(monotonic), random: Arc::new(Mutex::new(StdRng::from_os_rng())) }
    }

    /// Creates a clock that a test sets by hand, with numbers that follow from a seed. It is its
    /// own monotonic clock: tests never set it back.
    pub fn manual(wall_time: impl Fn() -> Timestamp + Send + Sync + 'static, seed: u64) -> Self {
        let wall_time = Arc::new(wall_time);
        let steady = wall_time.clone();
        Self::manual_with_monotonic(move || wall_time(), move || Monotonic(steady().micros()), seed)
    }

    /// Returns a clock with two times that a test sets: the wall clock, and the monotonic one,
    /// which only goes forward.
    pub fn manual_with_monotonic(
        wall_time: impl Fn() -> Timestamp + Send + Sync + 'static,
        steady: impl Fn() -> Monotonic + Send + Sync + 'static,
        seed: u64,
    ) -> Self {
        Self { read: Arc::new(wall_time), steady: Arc::new(steady), random: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// Returns the time of the machine's clock. People set it, and it may go back: for timestamps
    /// that are stored, sent to others or compared with either.
    pub fn now(&self) -> Timestamp {
        (self.read)()
    }

    /// Returns the process's monotonic time, for durations inside it.
    pub fn monotonic(&self) -> Monotonic {
        (self.steady)()
    }

    /// Fills `bytes` from a cryptographic generator.
    pub fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
    }

    /// A new UUIDv7 (RFC 9562 §5.7): 48 bits of milliseconds, 12 of the fraction below (method 3), the rest random.
    pub fn uuid(&self) -> Uuid {
        let mut random = [0u8; 8];
        self.fill(&mut random);
        let micros = self.now().micros().max(0) as u128;
        let (millis, fraction) = (micros / 1000, (micros % 1000) * 4096 / 1000);
        let low = u128::from(u64::from_be_bytes(random) >> 2);
        Uuid::from_u128(millis << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | low)
    }

    pub fn id<K>(&self) -> Id<K> {
        Id::from_uuid(self.uuid())
    }
    /// Returns an ID whose last 12 bits are free for the numbers of its lines.
    pub fn document_id<K>(&self) -> Id<K> {
        Id::document(self.uuid())
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Whether the name is an IANA time zone.
pub fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// Converts a timestamp. The last two days of the year 9999 become one moment: the library's range
/// ends before.
fn instant(at: Timestamp) -> Instant {
    Instant::from_microsecond(at.micros()).unwrap_or(if at.micros() < 0 { Instant::MIN } else { Instant::MAX })
}

/// The local calendar day of a moment, as days since 1970-01-01; UTC where the zone is unknown.
pub fn local_day(at: Timestamp, time_zone: &str) -> i32 {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    days_since_epoch(zone.to_datetime(instant(at)).date())
}

/// The local calendar day and minute of the day of a moment; UTC where the zone is unknown.
pub fn local_minute(at: Timestamp, time_zone: &str) -> (i32, i32) {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let local = zone.to_datetime(instant(at));
    (days_since_epoch(local.date()), i32::from(local.hour()) * 60 + i32::from(local.minute()))
}

/// Returns the first moment from `not_before` on at which clocks show this minute of this day. For
/// a minute that clocks skip, it is the moment at which they would have shown it without the shift;
/// for one that they show twice, the first that is not before `not_before`. A moment before
/// `not_before` becomes `not_before`.
pub fn resolve_local_time((day, minute): (i32, i32), time_zone: &str, not_before: Timestamp) -> Timestamp {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let midnight = civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(day)).map(|date| date.at(0, 0, 0, 0));
    let local_time = midnight.and_then(|at| at.checked_add(jiff::Span::new().minutes(minute)));
    let Ok(local_time) = local_time else { return not_before };
    let ambiguous = zone.to_ambiguous_timestamp(local_time);
    let moments = [ambiguous.compatible(), ambiguous.later()];
    let moments = moments.into_iter().filter_map(|at| at.ok().map(|at| Timestamp(at.as_microsecond())));
    moments.filter(|at| *at >= not_before).min().unwrap_or(not_before)
}

/// Returns the moment at which clocks show the same time of day some days later, or earlier for a
/// negative number; in UTC if the zone is unknown. A time that clocks skip becomes the one that
/// they would have shown without the shift; of a time that they show twice it is the first. Zero
/// days return the moment itself, even if clocks show its time twice.
pub fn add_local_days(at: Timestamp, days: i32, time_zone: &str) -> Timestamp {
    if days == 0 {
        return at;
    }
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let local = zone.to_datetime(instant(at)).checked_add(jiff::Span::new().days(days));
    let shifted = local.and_then(|local| zone.to_timestamp(local));
    shifted.map_or(at, |shifted| Timestamp(shifted.as_microsecond()))
}

fn days_since_epoch(date: civil::Date) -> i32 {
    date.since(civil::date(1970, 1, 1)).map(|span| span.get_days()).unwrap_or_default()
}

/// The calendar date of a count of days since 1970-01-01, as `2011-11-30`.
pub fn day_text(days: i32) -> String {
    civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).map(|d| d.to_string()).unwrap_or_default()
}

/// Reads `2011-11-30` as days since 1970-01-01.
pub fn parse_day(text: &str) -> Option<i32> {
    text.parse::<civil::Date>().ok().map(days_since_epoch)
}

/// Formats a moment in RFC 3339, in UTC with microseconds: the form that clients see.
pub fn rfc3339(at: Timestamp) -> String {
    let mut out = String::with_capacity(27);
    push_rfc3339(at, &mut out);
    out
}

/// Appends `2011-11-30T08:26:00.000000Z`.
pub fn push_rfc3339(at: Timestamp, out: &mut String) {
    use std::fmt::Write;
    // Any moment of 64 bits is within some hundred million days.
    let (days, rest) = (at.micros().div_euclid(86_400_000_000) as i32, at.micros().rem_euclid(86_400_000_000));
    let (year, month, day) = calendar::civil(days);
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z");
}

/// Parses an RFC 3339 moment (§5.6) of any offset. None for other texts, and for moments outside
/// the years 0001 to 9999 in UTC. Digits beyond microseconds are dropped; a leap second becomes the
/// second before it.
pub fn parse_rfc3339(text: &str) -> Option<Timestamp> {
    let (local, minutes) = if let Some(local) = text.strip_suffix(['Z', 'z']) {
        (local, 0)
    } else {
        let (local, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
        (local, offset_minutes(offset)?)
    };
    let (date_time, fraction) = local.split_at_checked(19)?;
    let has_form = date_time.bytes().zip("0000-00-00T00:00:00".bytes()).all(|(byte, form)| match form {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        form => byte == form,
    });
    let digits = fraction.strip_prefix('.').unwrap_or_default();
    if !has_form || digits.is_empty() != fraction.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let local: civil::DateTime = date_time.to_ascii_uppercase().replace(' ', "T").parse().ok()?;
    let seconds = i64::from(days_since_epoch(local.date())) * 86_400
        + i64::from(local.hour()) * 3_600
        + (i64::from(local.minute()) - minutes) * 60
        + i64::from(local.second());
    let micros: i64 = format!("{digits:0<6}").get(..6)?.parse().ok()?;
    Some(Timestamp(seconds * 1_000_000 + micros)).filter(|at| SUPPORTED_MICROS.contains(&at.micros()))
}

/// The years 0001 to 9999.
const SUPPORTED_MICROS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Reads `+01:30` as minutes.
fn offset_minutes(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':').filter(|(hours, minutes)| hours.len() == 2 && minutes.len() == 2)?;
    let parsed = |text: &str, max: i64| text.parse().ok().filter(|n| (0..=max).contains(n) && !text.starts_with('+'));
    Some(sign * (parsed(hours, 23)? * 60 + parsed(minutes, 59)?))
}

/// Reads a moment as headers of HTTP write it: `Wed, 21 Oct 2015 07:28:00 GMT`.
pub fn parse_http_date(text: &str) -> Option<Timestamp> {
    let instant = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp(instant.timestamp().as_microsecond()))
}

/// Sleeps in real time: jobs and polls wait here, so that the clock stays the only one.
pub async fn sleep(duration: std::time::Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_reads() {
        for text in [
            "2011-11-30T08:26:00.000000Z",
            "1969-12-31T23:59:59.999999Z",
            "2000-02-29T00:00:00.000001Z",
            "9999-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00.000000Z",
        ] {
            assert_eq!(rfc3339(parse_rfc3339(text).unwrap()), text);
        }
        let read = |text| parse_rfc3339(text).map(rfc3339);
        assert_eq!(read("2026-06-30t23:59:59.1234567-01:30").as_deref(), Some("2026-07-01T01:29:59.123456Z"));
        for odd in [
            "2026-06-30T23:59Z",
            "2026-06-30T23:59:59+01",
            "2026-06-30T23:59:59,5Z",
            "2026-06-30T23:59:59.Z",
            "2026-06-30T23:59:59Z[Europe/London]",
            "2026-06-30T23:59:59+24:00",
            "2026-06-30T23:59:59++1:00",
            "2026-02-30T00:00:00Z",
            "2026-06-30T24:00:00Z",
            "2026-06-30",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-00:01",
            "é2026-06-30T23:59:59é+1:00",
        ] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(rfc3339(parse_rfc3339("2011-06-01T00:30:00+01:00").unwrap()), "2011-05-31T23:30:00.000000Z");
    }

    #[test]
    fn knows_local_days() {
        let at = parse_rfc3339("2011-06-30T23:30:00Z").unwrap();
        assert_eq!(day_text(local_day(at, "Europe/London")), "2011-07-01");
        assert_eq!(day_text(local_day(at, "UTC")), "2011-06-30");
        assert_eq!(parse_day("2011-07-01"), Some(local_day(at, "Europe/London")));
    }

    #[test]
    fn finds_the_moment_of_a_local_time_when_clocks_change() {
        let london = "Europe/London";
        let moment = |day: &str, minute: i32, not_before: &str| {
            let at = resolve_local_time((parse_day(day).unwrap(), minute), london, parse_rfc3339(not_before).unwrap());
            rfc3339(at)[..16].to_owned()
        };
        assert_eq!(moment("2026-06-10", 7 * 60, "2026-06-09T22:00:00Z"), "2026-06-10T06:00");
        // Clocks go from 01:00 to 02:00 on 29 March: 01:30 is not shown.
        assert_eq!(moment("2026-03-29", 90, "2026-03-28T22:00:00Z"), "2026-03-29T01:30");
        assert_eq!(moment("2026-03-29", 7 * 60, "2026-03-28T22:00:00Z"), "2026-03-29T06:00");
        // They go from 02:00 back to 01:00 on 25 October: 01:30 is shown twice.
        assert_eq!(moment("2026-10-25", 90, "2026-10-24T22:00:00Z"), "2026-10-25T00:30");
        assert_eq!(moment("2026-10-25", 90, "2026-10-25T00:45:00Z"), "2026-10-25T01:30");
        assert_eq!(moment("2026-10-25", 90, "2026-10-25T01:45:00Z"), "2026-10-25T01:45");
        assert_eq!(local_minute(parse_rfc3339("2026-10-25T00:15:00Z").unwrap(), london).1, 75);
        assert_eq!(local_minute(parse_rfc3339("2026-10-25T01:15:00Z").unwrap(), london).1, 75);
    }

    #[test]
    fn days_later_clocks_show_the_same_time_also_where_they_change() {
        let later = |at: &str, days: i32| {
            let moved = add_local_days(parse_rfc3339(at).unwrap(), days, "Europe/London");
            rfc3339(moved)[..16].to_owned()
        };
        assert_eq!(later("2026-03-27T09:00:00Z", 3), "2026-03-30T08:00");
        assert_eq!(later("2026-03-30T08:00:00Z", -3), "2026-03-27T09:00");
        assert_eq!(later("2026-03-28T01:30:00Z", 1), "2026-03-29T01:30", "01:30 is not shown");
        assert_eq!(later("2026-10-24T00:30:00Z", 1), "2026-10-25T00:30", "01:30 is shown twice");
        assert_eq!(later("2026-10-25T01:30:00Z", 0), "2026-10-25T01:30", "the second of them");
    }

    #[test]
    fn the_monotonic_clock_goes_forward_only() {
        let (system, other) = (Clock::system(), Clock::system());
        let moments = [system.monotonic(), other.monotonic(), system.monotonic()];
        assert!(moments.is_sorted(), "one for the whole process: {moments:?}");
        let (early, late) = (Monotonic::from_micros(1), Monotonic::from_micros(4));
        assert_eq!((late.since(early).as_micros(), early.since(late).as_micros()), (3, 0));
        let clock = Clock::manual_with_monotonic(|| Timestamp(-7), || Monotonic::from_micros(9), 1);
        assert_eq!((clock.now().micros(), clock.monotonic().micros()), (-7, 9));
    }

    #[test]
    fn ids_carry_their_time_and_sort_by_it() {
        let clock = Clock::manual(|| Timestamp(1_700_000_000_123_456), 1);
        let id = clock.uuid();
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.as_u128() >> 80, 1_700_000_000_123);
        let later = Clock::manual(|| Timestamp(1_700_000_000_123_457), 1).uuid();
        assert!(later > id);
    }
}
