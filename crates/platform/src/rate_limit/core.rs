//! The arithmetic of buckets. Time is in microseconds of the process's monotonic clock: setting the
//! system clock back delays no caller.

use sha2::{Digest, Sha256};

/// Allowance of a bucket: its points, and the time after which each of them is refilled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub most: u32,
    /// Microseconds until one point is refilled; at least one.
    unit: i64,
}

/// Error: too few points are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InsufficientPoints {
    pub left: u32,
    /// Microseconds until there are enough points.
    pub wait: i64,
}

impl InsufficientPoints {
    /// Wait in milliseconds, rounded up, so that a caller that waits this long is not too early.
    pub fn wait_ms(self) -> u64 {
        self.wait.max(1).unsigned_abs().div_ceil(1_000)
    }
}

impl Allowance {
    /// Allows `max_points` points, of which `restored` are refilled each second.
    pub const fn per_second(max_points: u32, restored: u32) -> Self {
        let restored = if restored == 0 { 1 } else { restored as i64 };
        let unit = 1_000_000 / restored;
        Self { most: max_points, unit: if unit == 0 { 1 } else { unit } }
    }

    /// Allows `max_points` points, all of which are refilled after so many seconds.
    pub const fn within(max_points: u32, seconds: u32) -> Self {
        let points = if max_points == 0 { 1 } else { max_points as i64 };
        let unit = seconds as i64 * 1_000_000 / points;
        Self { most: max_points, unit: if unit == 0 { 1 } else { unit } }
    }

    /// Points refilled each second, rounded down, but at least 1.
    pub fn restored_per_second(self) -> u32 {
        u32::try_from((1_000_000 / self.unit).max(1)).unwrap_or(u32::MAX)
    }

    /// Microseconds until one point is refilled.
    pub fn unit(self) -> i64 {
        self.unit
    }

    /// From empty to full, in microseconds.
    pub fn window(self) -> i64 {
        self.unit.saturating_mul(i64::from(self.most))
    }

    /// Returns the points left in a bucket that will be full at this moment.
    pub fn points_left(self, full_at: i64, now: i64) -> u32 {
        let missing = full_at.saturating_sub(now).max(0);
        u32::try_from(self.window().saturating_sub(missing).max(0) / self.unit).unwrap_or(u32::MAX)
    }

    /// Returns the time when the bucket will be full after so many points more have been taken.
    ///
    /// # Errors
    /// There are not so many.
    pub fn take(self, full_at: i64, now: i64, points: u32) -> Result<i64, InsufficientPoints> {
        let next_full_at = full_at.max(now).saturating_add(self.unit.saturating_mul(i64::from(points)));
        let excess = next_full_at.saturating_sub(now).saturating_sub(self.window());
        if excess > 0 { Err(InsufficientPoints { left: self.points_left(full_at, now), wait: excess }) } else { Ok(next_full_at) }
    }

    /// Returns the time when the bucket will be full after so many points have been put back.
    pub fn refund_points(self, full_at: i64, points: u32) -> i64 {
        full_at.saturating_sub(self.unit.saturating_mul(i64::from(points)))
    }
}

/// Key of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Kind of the bucket, a word that is the same on every node.
    pub kind: &'static str,
    pub id: u128,
}

impl Key {
    pub const fn new(kind: &'static str, id: u128) -> Self {
        Self { kind, id }
    }

    /// Returns the key of a named bucket, such as an e-mail address. The name itself is stored
    /// nowhere.
    pub fn named(kind: &'static str, name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let mut first = [0; 16];
        first.copy_from_slice(&digest[..16]);
        Self { kind, id: u128::from_be_bytes(first) }
    }
}

/// A class of attempts: the allowance for each name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    pub kind: &'static str,
    pub allowance: Allowance,
}

const QUARTER_HOUR: u32 = 15 * 60;

/// Attempts with a password, for an account or from an address.
pub const PASSWORD: Attempts = Attempts { kind: "password", allowance: Allowance::within(10, QUARTER_HOUR) };
/// Wrong codes of a second factor, for a user.
pub const TOTP: Attempts = Attempts { kind: "totp", allowance: Allowance::within(5, QUARTER_HOUR) };

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIAL: Allowance = Allowance::per_second(10_000, 1_000);

    #[test]
    fn a_bucket_gives_what_it_holds_and_no_more() {
        let full_at = CREDENTIAL.take(0, 1_000_000, 9_999).unwrap();
        assert_eq!(CREDENTIAL.points_left(full_at, 1_000_000), 1);
        assert_eq!(CREDENTIAL.take(full_at, 1_000_000, 2), Err(InsufficientPoints { left: 1, wait: 1_000 }));
        let full_at = CREDENTIAL.take(full_at, 1_000_000, 1).unwrap();
        assert_eq!(CREDENTIAL.points_left(full_at, 1_000_000), 0);
    }

    #[test]
    fn waiting_as_long_as_was_said_is_enough() {
        let full_at = CREDENTIAL.take(0, 0, 10_000).unwrap();
        let Err(empty) = CREDENTIAL.take(full_at, 0, 86) else { panic!("it was empty") };
        assert_eq!((empty.left, empty.wait_ms()), (0, 86));
        assert!(CREDENTIAL.take(full_at, empty.wait - 1, 86).is_err());
        assert!(CREDENTIAL.take(full_at, empty.wait, 86).is_ok());
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_most() {
        assert_eq!(CREDENTIAL.points_left(0, i64::MAX), 10_000);
        let full_at = CREDENTIAL.refund_points(CREDENTIAL.take(0, 1_000, 5).unwrap(), 500);
        assert_eq!(CREDENTIAL.points_left(full_at, 1_000), 10_000);
        assert!(CREDENTIAL.take(0, 0, 10_001).is_err());
        assert_eq!(CREDENTIAL.restored_per_second(), 1_000);
    }

    #[test]
    fn attempts_come_back_one_by_one() {
        let mut full_at = 0;
        for _ in 0..10 {
            full_at = PASSWORD.allowance.take(full_at, 0, 1).unwrap();
        }
        assert_eq!(PASSWORD.allowance.take(full_at, 0, 1).unwrap_err().wait, 90_000_000);
        assert!(PASSWORD.allowance.take(full_at, 90_000_000, 1).is_ok());
    }

    #[test]
    fn names_are_not_kept() {
        let key = Key::named("password", "ada@example.com");
        assert_eq!(key, Key::named("password", "ada@example.com"));
        assert_ne!(key, Key::named("password", "bob@example.com"));
        assert_ne!(key, Key::named("totp", "ada@example.com"));
    }
}
