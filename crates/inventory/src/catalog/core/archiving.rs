//! Archiving and restoring: rows are never deleted, but archived, and may be restored.

use entity::prelude::Timestamp;

use super::{
    command::{CheckedCommand, NewIdAndTime, Target},
    rejection::{Problem, Rejection, RowUsage, Subject},
    verdict::{Verdict, Versioned, find_target},
};

/// Step of a row's life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Archive,
    Restore,
}

/// A checked command.
#[derive(Debug, Clone)]
pub struct ArchivingCommand<I> {
    pub target: Target<I>,
    pub step: Step,
    pub problems: Vec<Problem>,
}

impl<I> CheckedCommand for ArchivingCommand<I> {
    fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// A row that can be archived and restored.
pub trait Archivable: Versioned {
    /// Subject that the rejection names if the row is missing.
    const SUBJECT: Subject;

    fn archived_at(&self) -> Option<Timestamp>;
    /// Returns the row's next version, archived at that time or in use.
    #[must_use]
    fn with_archived_at(&self, archived_at: Option<Timestamp>, now: Timestamp) -> Self;
}

macro_rules! retires {
    ($($row:ty => $what:ident),*) => { $(
        impl Archivable for $row {
            const SUBJECT: Subject = Subject::$what;

            fn archived_at(&self) -> Option<Timestamp> {
                self.archived_at
            }
            fn with_archived_at(&self, archived_at: Option<Timestamp>, now: Timestamp) -> Self {
                Self { archived_at, version: self.version + 1, updated_at: now, ..self.clone() }
            }
        }
    )* };
}
retires!(entity::category::Model => Category, entity::supplier::Model => Supplier, entity::channel::Model => Channel,
    entity::product_family::Model => Family, entity::customer::Model => Customer, entity::store::Model => Store);

/// The row that a command is for, and the reasons that prevent the step.
#[derive(Debug)]
pub struct ArchivingContext<R> {
    pub row: Option<R>,
    pub hindrances: Vec<Rejection>,
}

impl<R: Archivable> ArchivingContext<R> {
    /// A step that was done before changes nothing.
    pub fn decide<I>(&self, command: &ArchivingCommand<I>, id_and_time: NewIdAndTime) -> Verdict<R> {
        let expected = match &command.target {
            Target::Id { expected_version, .. } => *expected_version,
            Target::New | Target::Key => None,
        };
        let row = match find_target(self.row.as_ref(), expected, R::SUBJECT, &command.problems) {
            Ok(row) => row,
            Err(refusal) => return Verdict::Refused(refusal),
        };
        if !command.problems.is_empty() {
            return Verdict::refused(command.problems.clone());
        }
        let archives = command.step == Step::Archive;
        if row.archived_at().is_some() == archives {
            return Verdict::Unchanged(row.clone());
        }
        if !self.hindrances.is_empty() {
            return Verdict::refused(self.hindrances.iter().cloned().map(|hindrance| Problem::at("id", hindrance)).collect());
        }
        Verdict::Updated {
            before: row.clone(),
            after: row.with_archived_at(archives.then_some(id_and_time.now), id_and_time.now),
        }
    }
}

/// Returns a rejection with the uses that remain; `None` if all counts are 0.
pub fn in_use_rejection(counts: &[(RowUsage, i64)]) -> Option<Rejection> {
    let remaining_uses: Vec<(RowUsage, i64)> = counts.iter().copied().filter(|(_, count)| *count > 0).collect();
    (!remaining_uses.is_empty()).then_some(Rejection::InUseBy(remaining_uses))
}

#[cfg(test)]
mod tests {
    use entity::prelude::{SupplierId, TenantId};
    use uuid::Uuid;

    use super::*;
    use crate::catalog::core::supplier::SupplierRow;

    const NOW: Timestamp = Timestamp(9);

    fn potter(archived_at: Option<Timestamp>) -> SupplierRow {
        SupplierRow {
            tenant_id: TenantId::NIL,
            id: SupplierId::NIL,
            code: "POT".to_owned(),
            code_key: "pot".to_owned(),
            name: "Potter".to_owned(),
            lead_time_days: None,
            email: None,
            archived_at,
            version: 3,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            contacts: "[]".to_owned(),
            address: None,
            tax_ids: "[]".to_owned(),
            payment_terms: None,
            merged_into: None,
            minimum_order_minor: None,
            minimum_order_currency: None,
            calendar: None,
        }
    }

    fn decided(row: Option<SupplierRow>, step: Step, expected_version: Option<i64>, left: i64) -> Verdict<SupplierRow> {
        let context =
            ArchivingContext { row, hindrances: in_use_rejection(&[(RowUsage::OpenPurchaseOrders, left)]).into_iter().collect() };
        let target = Target::Id { id: SupplierId::NIL, expected_version };
        context.decide(&ArchivingCommand { target, step, problems: Vec::new() }, NewIdAndTime { id: Uuid::nil(), now: NOW })
    }

    #[test]
    fn a_row_goes_out_of_use_and_comes_back() {
        let Verdict::Updated { before, after } = decided(Some(potter(None)), Step::Archive, Some(3), 0) else {
            panic!("archived")
        };
        assert_eq!((before.archived_at, after.archived_at, after.version, after.updated_at), (None, Some(NOW), 4, NOW));
        let Verdict::Updated { after, .. } = decided(Some(after), Step::Restore, None, 0) else { panic!("restored") };
        assert_eq!((after.archived_at, after.version), (None, 5));
    }

    #[test]
    fn a_step_that_was_done_before_changes_nothing_whatever_stands_in_its_way() {
        let gone = potter(Some(Timestamp(2)));
        let Verdict::Unchanged(row) = decided(Some(gone.clone()), Step::Archive, None, 7) else { panic!("unchanged") };
        assert_eq!(row, gone);
        assert!(matches!(decided(Some(potter(None)), Step::Restore, None, 7), Verdict::Unchanged(_)));
    }

    #[test]
    fn what_is_in_use_stale_or_missing_stays_as_it_is() {
        let why = |verdict: Verdict<SupplierRow>| match verdict {
            Verdict::Refused(refusal) => refusal.problems[0].why.clone(),
            other => panic!("refused: {other:?}"),
        };
        let used = Rejection::InUseBy(vec![(RowUsage::OpenPurchaseOrders, 2)]);
        assert_eq!(why(decided(Some(potter(None)), Step::Archive, Some(3), 2)), used);
        assert_eq!(why(decided(Some(potter(None)), Step::Archive, Some(2), 0)), Rejection::Stale { actual: 3 });
        assert_eq!(why(decided(None, Step::Archive, None, 0)), Rejection::Missing(Subject::Supplier));
    }
}
