//! Archiving and restoring, for every noun that supports it: with the engine, and commands of their
//! own.

use std::{collections::HashMap, future::Future, marker::PhantomData};

use entity::prelude::{Id, Timestamp};
use iam::access::{Permission, Permit, kind};
use platform::{
    audit::Fields,
    secrets::DataKey,
    storage::{Fault, Work, idempotency::hash_of, journal::NewEvent},
};
use uuid::Uuid;

use super::{
    batch::{Batch, BatchEntity, CallOptions, Change},
    entities::{Categories, Channels, Customers, Families, Stores, Suppliers},
    service::Catalog,
    writes::{RowRef, parse_target},
};
use crate::catalog::{
    core::{
        Checker, NewIdAndTime, Problem, Rejection, Verdict,
        archiving::{Archivable, ArchivingCommand, ArchivingContext, Step},
        category::CategoryRow,
        channel::ChannelRow,
        customer::CustomerRow,
        family::FamilyRow,
        store::StoreRow,
        supplier::SupplierRow,
    },
    events,
    rows::archiving,
};

/// A noun that is archived and restored.
pub(super) trait ArchivableEntity: BatchEntity {
    /// Loads and locks a row and the reasons that prevent the step.
    fn archiving_context(
        work: &Work,
        id: Id<Self::Noun>,
        step: Step,
    ) -> impl Future<Output = Result<ArchivingContext<Self::Row>, Fault>> + Send;
    /// The event of a row that was archived or restored.
    fn archiving_event(row: &Self::Row, step: Step) -> NewEvent;
    /// Returns an additional event, for subscribers of another kind.
    fn additional_archiving_event(_: &Self::Row) -> Option<NewEvent> {
        None
    }
}

impl ArchivableEntity for Categories {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<ArchivingContext<CategoryRow>, Fault> {
        archiving::category(work, id, step).await
    }
    fn archiving_event(row: &CategoryRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CATEGORY_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CATEGORY_RESTORED.of(row.id, row.version),
        }
    }
}

impl ArchivableEntity for Suppliers {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<ArchivingContext<SupplierRow>, Fault> {
        archiving::supplier(work, id, step).await
    }
    fn archiving_event(row: &SupplierRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::SUPPLIER_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::SUPPLIER_RESTORED.of(row.id, row.version),
        }
    }
}

impl ArchivableEntity for Channels {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<ArchivingContext<ChannelRow>, Fault> {
        archiving::channel(work, id, step).await
    }
    fn archiving_event(row: &ChannelRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CHANNEL_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CHANNEL_RESTORED.of(row.id, row.version),
        }
    }
}

impl ArchivableEntity for Families {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<ArchivingContext<FamilyRow>, Fault> {
        archiving::family(work, id, step).await
    }
    fn archiving_event(row: &FamilyRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::FAMILY_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::FAMILY_RESTORED.of(row.id, row.version),
        }
    }
}

impl ArchivableEntity for Customers {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<ArchivingContext<CustomerRow>, Fault> {
        archiving::customer(work, id, step).await
    }
    fn archiving_event(row: &CustomerRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CUSTOMER_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CUSTOMER_RESTORED.of(row.id, row.version),
        }
    }
}

/// Restores stores; `Catalog::store_archive` archives them.
impl ArchivableEntity for Stores {
    async fn archiving_context(work: &Work, id: Id<Self::Noun>, _: Step) -> Result<ArchivingContext<StoreRow>, Fault> {
        archiving::store(work, id).await
    }
    fn archiving_event(row: &StoreRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::STORE_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::STORE_RESTORED.of(row.id, row.version),
        }
    }
    /// Returns an event of the kind on which caches of stores invalidate, in older releases as well
    /// (`events::CACHED`).
    fn additional_archiving_event(row: &StoreRow) -> Option<NewEvent> {
        Some(events::STORE_UPDATED.of(row.id, row.version))
    }
}

/// A noun's implementation of `BatchEntity` for archiving and restoring.
struct LifecycleEntity<N>(PhantomData<N>);

impl<N> BatchEntity for LifecycleEntity<N>
where
    N: ArchivableEntity,
    N::Row: Archivable,
{
    type Row = N::Row;
    type Command = ArchivingCommand<Id<N::Noun>>;
    type Context = ArchivingContext<N::Row>;
    type Noun = N::Noun;

    fn id(row: &N::Row) -> Uuid {
        N::id(row)
    }
    fn fields(row: &N::Row) -> Fields {
        N::fields(row)
    }
    async fn history_keys(work: &Work, ids: &[Uuid], now: Timestamp) -> Result<HashMap<Uuid, DataKey>, Fault> {
        N::history_keys(work, ids, now).await
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        match commands.first().and_then(|command| Some((command.target.id()?, command.step))) {
            Some((id, step)) => N::archiving_context(work, id, step).await,
            None => Ok(ArchivingContext { row: None, hindrances: Vec::new() }),
        }
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<N::Row> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&N::Row], updated: &[(&N::Row, &N::Row)]) -> Result<(), Fault> {
        N::write(work, created, updated).await
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<N::Row>, Fault> {
        N::find(work, found).await
    }
    fn event(change: &Change<'_, N::Row>) -> NewEvent {
        let step = if change.after.archived_at().is_some() { Step::Archive } else { Step::Restore };
        N::archiving_event(change.after, step)
    }
    fn additional_event(change: &Change<'_, N::Row>) -> Option<NewEvent> {
        N::additional_archiving_event(change.after)
    }
    /// Neither step changes a unique value.
    fn race_problem() -> Problem {
        Problem::at("id", Rejection::Missing(<N::Row as Archivable>::SUBJECT))
    }
}

impl Catalog {
    async fn archive_or_restore<N, P>(
        &self,
        permit: Permit<P>,
        row_ref: &RowRef,
        options: &CallOptions,
        (mutation, step): (&'static str, Step),
    ) -> Result<Batch<N::Row>, Fault>
    where
        N: ArchivableEntity,
        N::Row: Archivable,
        P: Permission,
    {
        let mut checker = Checker::default();
        let target = parse_target(row_ref, <N::Row as Archivable>::SUBJECT, &mut checker);
        let command = ArchivingCommand { target, step, problems: checker.problems };
        self.run::<LifecycleEntity<N>, _>(permit, options, (mutation, hash_of(&row_ref.id)), vec![command]).await
    }

    /// Archives a category. Refused while it has products or categories in use.
    pub async fn category_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        self.archive_or_restore::<Categories, _>(permit, &row_ref, &options, ("categoryArchive", Step::Archive)).await
    }
    pub async fn category_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<CategoryRow>, Fault> {
        self.archive_or_restore::<Categories, _>(permit, &row_ref, &options, ("categoryRestore", Step::Restore)).await
    }

    /// Archives a family. Refused while a variant of it is in use.
    pub async fn family_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<FamilyRow>, Fault> {
        self.archive_or_restore::<Families, _>(permit, &row_ref, &options, ("productFamilyArchive", Step::Archive)).await
    }
    pub async fn family_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<FamilyRow>, Fault> {
        self.archive_or_restore::<Families, _>(permit, &row_ref, &options, ("productFamilyRestore", Step::Restore)).await
    }

    /// Archives a supplier. Refused while it has open purchase orders.
    pub async fn supplier_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        self.archive_or_restore::<Suppliers, _>(permit, &row_ref, &options, ("supplierArchive", Step::Archive)).await
    }
    pub async fn supplier_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<SupplierRow>, Fault> {
        self.archive_or_restore::<Suppliers, _>(permit, &row_ref, &options, ("supplierRestore", Step::Restore)).await
    }

    /// Archives a channel. Refused while it has open orders or integrations that sell there.
    pub async fn channel_archive(
        &self,
        permit: Permit<kind::ChannelWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<ChannelRow>, Fault> {
        self.archive_or_restore::<Channels, _>(permit, &row_ref, &options, ("channelArchive", Step::Archive)).await
    }
    pub async fn channel_restore(
        &self,
        permit: Permit<kind::ChannelWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<ChannelRow>, Fault> {
        self.archive_or_restore::<Channels, _>(permit, &row_ref, &options, ("channelRestore", Step::Restore)).await
    }

    /// Archives a customer. Refused while it has open orders.
    pub async fn customer_archive(
        &self,
        permit: Permit<kind::CustomerWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        self.archive_or_restore::<Customers, _>(permit, &row_ref, &options, ("customerArchive", Step::Archive)).await
    }
    pub async fn customer_restore(
        &self,
        permit: Permit<kind::CustomerWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<CustomerRow>, Fault> {
        self.archive_or_restore::<Customers, _>(permit, &row_ref, &options, ("customerRestore", Step::Restore)).await
    }

    /// Restores a closed store.
    pub async fn store_restore(
        &self,
        permit: Permit<kind::StoreWrite>,
        row_ref: RowRef,
        options: CallOptions,
    ) -> Result<Batch<StoreRow>, Fault> {
        self.archive_or_restore::<Stores, _>(permit, &row_ref, &options, ("storeRestore", Step::Restore)).await
    }
}
