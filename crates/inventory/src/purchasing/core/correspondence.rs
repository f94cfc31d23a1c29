//! Revisions of an order that were sent to its supplier and confirmed by them, and the confirmation
//! of a line.

use entity::prelude::*;

/// Revisions that were sent and confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Correspondence {
    /// The newest revision that was e-mailed, and the time. Only the job that sends e-mails writes
    /// it.
    pub sent: Option<(u16, Timestamp)>,
    /// The revision at the supplier's last confirmation.
    pub confirmed: Option<u16>,
}

/// Status of the current revision with the supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevisionStatus {
    NotSent,
    Sent,
    Confirmed,
}

/// The supplier's confirmation of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confirmation {
    pub on: Option<i32>,
    /// Quantity of the whole line.
    pub quantity: Option<Quantity>,
}

impl Correspondence {
    pub(super) fn status(self, revision: u16) -> RevisionStatus {
        let is_sent = self.sent.is_some_and(|(sent, _)| sent == revision);
        match self.confirmed {
            Some(confirmed) if confirmed == revision => RevisionStatus::Confirmed,
            _ if is_sent => RevisionStatus::Sent,
            _ => RevisionStatus::NotSent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_revision_begins_anew() {
        let correspondence = Correspondence { sent: Some((2, Timestamp(7))), confirmed: Some(1) };
        let all = [1, 2, 3].map(|revision| correspondence.status(revision));
        assert_eq!(all, [RevisionStatus::Confirmed, RevisionStatus::Sent, RevisionStatus::NotSent]);
        assert_eq!(Correspondence::default().status(1), RevisionStatus::NotSent);
    }
}
