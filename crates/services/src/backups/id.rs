//! The names of backups.

use std::fmt;

use entity::prelude::Timestamp;
use platform::clock::{self, Clock};

/// The ID of a backup, as `20261123T205900123Z-1a2b3c4d`: its start in UTC, to the millisecond, and
/// four random bytes. IDs sort by start. Objects with other names are no backups: they are neither
/// listed nor removed, so that a location may hold other objects as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackupId(String);

const ID_TEMPLATE: &[u8] = b"00000000T000000000Z-xxxxxxxx";

impl BackupId {
    pub fn new(clock: &Clock) -> Self {
        // 2026-11-23T20:59:00.123456Z
        let at = clock::rfc3339(clock.now());
        let digits: String = at.chars().filter(char::is_ascii_digit).take(17).collect();
        let (day, time) = digits.split_at_checked(8).unwrap_or((&digits, ""));
        let mut tail = [0; 4];
        clock.fill(&mut tail);
        Self(format!("{day}T{time}Z-{}", hex::encode(tail)))
    }

    /// Parses an ID; `None` if the text is none.
    pub fn parse(text: &str) -> Option<Self> {
        let has_form = text.len() == ID_TEMPLATE.len()
            && text.bytes().zip(ID_TEMPLATE).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                form => byte == *form,
            });
        let id = Self(text.to_owned());
        (has_form && id.moment().is_some()).then_some(id)
    }

    fn moment(&self) -> Option<Timestamp> {
        let part = |from: usize, to: usize| self.0.get(from..to);
        clock::parse_rfc3339(&format!(
            "{}-{}-{}T{}:{}:{}.{}Z",
            part(0, 4)?,
            part(4, 6)?,
            part(6, 8)?,
            part(9, 11)?,
            part(11, 13)?,
            part(13, 15)?,
            part(15, 18)?
        ))
    }

    /// Returns the start time of the backup.
    pub fn at(&self) -> Timestamp {
        self.moment().unwrap_or(Timestamp(0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_the_backup_began() {
        let clock = Clock::manual(|| Timestamp(1_795_467_540_123_456), 7);
        let id = BackupId::new(&clock);
        assert_eq!(BackupId::parse(id.as_str()), Some(id.clone()));
        assert_eq!(id.at(), Timestamp(1_795_467_540_123_000));
    }

    #[test]
    fn other_names_are_no_ids() {
        assert!(BackupId::parse("20261123T205900123Z-1a2b3c4d").is_some());
        for other in [
            "",
            "..",
            "../../etc/passwd-0000000000000",
            "20261123T205900123Z-1A2B3C4D",
            "20261123T205900123Z-1a2b3c4d0",
            "20261323T205900123Z-1a2b3c4d",
            "20261123T205900Z-1a2b3c4d",
            "20261123T205900123Z/1a2b3c4d",
            "2026112éT205900123Z-1a2b3c4",
        ] {
            assert_eq!(BackupId::parse(other), None, "{other}");
        }
    }
}
