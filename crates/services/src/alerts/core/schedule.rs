//! Due times of e-mails, from quiet hours and digests in local time. The clock converts a local
//! time to a timestamp.

/// A local day and minute of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalMinute {
    /// Days since 1970-01-01.
    pub day: i32,
    /// 0 to 1,439.
    pub minute: i32,
}

/// The hours in which no e-mail is sent, as minutes of the day: from `from` to `to`, over midnight
/// if `to` is before `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Quiet {
    pub from: i32,
    pub to: i32,
}

/// Whether a minute is in the quiet hours.
pub fn is_quiet(quiet: Quiet, minute: i32) -> bool {
    if quiet.from < quiet.to { (quiet.from..quiet.to).contains(&minute) } else { minute >= quiet.from || minute < quiet.to }
}

/// Returns the end of the quiet hours that contain a time.
pub fn quiet_end(quiet: Quiet, at: LocalMinute) -> LocalMinute {
    // Quiet hours over midnight that have begun before midnight end tomorrow.
    let is_tomorrow = quiet.from > quiet.to && at.minute >= quiet.from;
    LocalMinute { day: at.day + i32::from(is_tomorrow), minute: quiet.to }
}

/// Returns the next time with this hour.
pub fn next_daily(hour: i32, at: LocalMinute) -> LocalMinute {
    let minute = hour * 60;
    LocalMinute { day: at.day + i32::from(at.minute >= minute), minute }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: Quiet = Quiet { from: 22 * 60, to: 7 * 60 };
    const NOON: Quiet = Quiet { from: 12 * 60, to: 13 * 60 };

    fn at(day: i32, minute: i32) -> LocalMinute {
        LocalMinute { day, minute }
    }

    #[test]
    fn quiet_hours_go_over_midnight() {
        for (minute, expected) in [(22 * 60 - 1, false), (22 * 60, true), (1_439, true), (0, true), (419, true), (420, false)] {
            assert_eq!(is_quiet(NIGHT, minute), expected, "{minute}");
        }
        assert_eq!(quiet_end(NIGHT, at(5, 1_400)), at(6, 420));
        assert_eq!(quiet_end(NIGHT, at(6, 10)), at(6, 420));
        assert!(is_quiet(NOON, 720) && !is_quiet(NOON, 780) && !is_quiet(NOON, 0));
        assert_eq!(quiet_end(NOON, at(6, 730)), at(6, 780));
    }

    #[test]
    fn a_digest_leaves_at_the_next_such_hour() {
        assert_eq!(next_daily(8, at(5, 479)), at(5, 480));
        assert_eq!(next_daily(8, at(5, 480)), at(6, 480), "what comes at that minute goes with the next");
        assert_eq!(next_daily(0, at(5, 0)), at(6, 0));
    }
}
