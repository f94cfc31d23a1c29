//! Archiving and restoring, for every noun that can be: the engine's way, with commands of their own.

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
    Catalog, Which,
    batch::{Ask, Batch, BatchEntity, Change},
    entities::{Categories, Channels, Customers, Families, Stores, Suppliers},
    writes::target,
};
use crate::catalog::{
    core::{
        Checker, Fresh, Problem, Rejection, Verdict,
        category::CategoryRow,
        channel::ChannelRow,
        customer::CustomerRow,
        family::FamilyRow,
        life::{LifeCommand, LifeContext, Retires, Step},
        store::StoreRow,
        supplier::SupplierRow,
    },
    events,
    rows::life,
};

/// A noun that is archived and restored.
pub(super) trait Retiring: BatchEntity {
    /// Loads and locks a row and what stands in the way of the step.
    fn life_context(
        work: &Work,
        id: Id<Self::Noun>,
        step: Step,
    ) -> impl Future<Output = Result<LifeContext<Self::Row>, Fault>> + Send;
    /// The event of a row that was archived or restored.
    fn turned(row: &Self::Row, step: Step) -> NewEvent;
    /// The event beside it, for those who follow another kind.
    fn turned_beside(_: &Self::Row) -> Option<NewEvent> {
        None
    }
}

impl Retiring for Categories {
    async fn life_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<LifeContext<CategoryRow>, Fault> {
        life::category(work, id, step).await
    }
    fn turned(row: &CategoryRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CATEGORY_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CATEGORY_RESTORED.of(row.id, row.version),
        }
    }
}

impl Retiring for Suppliers {
    async fn life_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<LifeContext<SupplierRow>, Fault> {
        life::supplier(work, id, step).await
    }
    fn turned(row: &SupplierRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::SUPPLIER_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::SUPPLIER_RESTORED.of(row.id, row.version),
        }
    }
}

impl Retiring for Channels {
    async fn life_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<LifeContext<ChannelRow>, Fault> {
        life::channel(work, id, step).await
    }
    fn turned(row: &ChannelRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CHANNEL_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CHANNEL_RESTORED.of(row.id, row.version),
        }
    }
}

impl Retiring for Families {
    async fn life_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<LifeContext<FamilyRow>, Fault> {
        life::family(work, id, step).await
    }
    fn turned(row: &FamilyRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::FAMILY_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::FAMILY_RESTORED.of(row.id, row.version),
        }
    }
}

impl Retiring for Customers {
    async fn life_context(work: &Work, id: Id<Self::Noun>, step: Step) -> Result<LifeContext<CustomerRow>, Fault> {
        life::customer(work, id, step).await
    }
    fn turned(row: &CustomerRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::CUSTOMER_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::CUSTOMER_RESTORED.of(row.id, row.version),
        }
    }
}

/// Stores come back this way; `Catalog::store_archive` archives them.
impl Retiring for Stores {
    async fn life_context(work: &Work, id: Id<Self::Noun>, _: Step) -> Result<LifeContext<StoreRow>, Fault> {
        life::store(work, id).await
    }
    fn turned(row: &StoreRow, step: Step) -> NewEvent {
        match step {
            Step::Archive => events::STORE_ARCHIVED.of(row.id, row.version),
            Step::Restore => events::STORE_RESTORED.of(row.id, row.version),
        }
    }
    /// What remembers stores, in older releases as well, follows this kind (`events::CACHED`).
    fn turned_beside(row: &StoreRow) -> Option<NewEvent> {
        Some(events::STORE_UPDATED.of(row.id, row.version))
    }
}

/// A noun as the engine sees it while its rows are archived or restored.
struct Lives<N>(PhantomData<N>);

impl<N> BatchEntity for Lives<N>
where
    N: Retiring,
    N::Row: Retires,
{
    type Row = N::Row;
    type Command = LifeCommand<Id<N::Noun>>;
    type Context = LifeContext<N::Row>;
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
            Some((id, step)) => N::life_context(work, id, step).await,
            None => Ok(LifeContext { row: None, hindrances: Vec::new() }),
        }
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, fresh: Fresh) -> Verdict<N::Row> {
        context.decide(command, fresh)
    }
    async fn write(work: &Work, created: &[&N::Row], updated: &[(&N::Row, &N::Row)]) -> Result<(), Fault> {
        N::write(work, created, updated).await
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<N::Row>, Fault> {
        N::find(work, found).await
    }
    fn event(change: &Change<'_, N::Row>) -> NewEvent {
        let step = if change.after.archived_at().is_some() { Step::Archive } else { Step::Restore };
        N::turned(change.after, step)
    }
    fn event_beside(change: &Change<'_, N::Row>) -> Option<NewEvent> {
        N::turned_beside(change.after)
    }
    /// Neither step takes a value that is unique.
    fn raced() -> Problem {
        Problem::at("id", Rejection::Missing(<N::Row as Retires>::WHAT))
    }
}

impl Catalog {
    async fn turn<N, P>(
        &self,
        permit: Permit<P>,
        which: &Which,
        ask: &Ask,
        (mutation, step): (&'static str, Step),
    ) -> Result<Batch<N::Row>, Fault>
    where
        N: Retiring,
        N::Row: Retires,
        P: Permission,
    {
        let mut checker = Checker::default();
        let target = target(which, <N::Row as Retires>::WHAT, &mut checker);
        let command = LifeCommand { target, step, problems: checker.problems };
        self.run::<Lives<N>, _>(permit, ask, (mutation, hash_of(&which.id)), vec![command]).await
    }

    /// Takes a category out of use: nothing that is in use lies in it.
    pub async fn category_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<CategoryRow>, Fault> {
        self.turn::<Categories, _>(permit, &which, &ask, ("categoryArchive", Step::Archive)).await
    }
    pub async fn category_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<CategoryRow>, Fault> {
        self.turn::<Categories, _>(permit, &which, &ask, ("categoryRestore", Step::Restore)).await
    }

    /// Takes a family out of use: none of its variants is in use.
    pub async fn family_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<FamilyRow>, Fault> {
        self.turn::<Families, _>(permit, &which, &ask, ("productFamilyArchive", Step::Archive)).await
    }
    pub async fn family_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<FamilyRow>, Fault> {
        self.turn::<Families, _>(permit, &which, &ask, ("productFamilyRestore", Step::Restore)).await
    }

    /// Takes a supplier out of use: nothing is on order with it.
    pub async fn supplier_archive(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<SupplierRow>, Fault> {
        self.turn::<Suppliers, _>(permit, &which, &ask, ("supplierArchive", Step::Archive)).await
    }
    pub async fn supplier_restore(
        &self,
        permit: Permit<kind::ProductWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<SupplierRow>, Fault> {
        self.turn::<Suppliers, _>(permit, &which, &ask, ("supplierRestore", Step::Restore)).await
    }

    /// Takes a channel out of use: its orders are done, and no integration sells there.
    pub async fn channel_archive(
        &self,
        permit: Permit<kind::ChannelWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<ChannelRow>, Fault> {
        self.turn::<Channels, _>(permit, &which, &ask, ("channelArchive", Step::Archive)).await
    }
    pub async fn channel_restore(
        &self,
        permit: Permit<kind::ChannelWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<ChannelRow>, Fault> {
        self.turn::<Channels, _>(permit, &which, &ask, ("channelRestore", Step::Restore)).await
    }

    /// Takes a customer out of use: its orders are done.
    pub async fn customer_archive(
        &self,
        permit: Permit<kind::CustomerWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<CustomerRow>, Fault> {
        self.turn::<Customers, _>(permit, &which, &ask, ("customerArchive", Step::Archive)).await
    }
    pub async fn customer_restore(
        &self,
        permit: Permit<kind::CustomerWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<CustomerRow>, Fault> {
        self.turn::<Customers, _>(permit, &which, &ask, ("customerRestore", Step::Restore)).await
    }

    /// Opens a store that was closed.
    pub async fn store_restore(
        &self,
        permit: Permit<kind::StoreWrite>,
        which: Which,
        ask: Ask,
    ) -> Result<Batch<StoreRow>, Fault> {
        self.turn::<Stores, _>(permit, &which, &ask, ("storeRestore", Step::Restore)).await
    }
}
