//! The small nouns and their implementation of `BatchEntity`.

use std::collections::{HashMap, HashSet};

use entity::prelude::{CategoryId, ChannelId, CustomerId, Id, StoreId, SupplierId, TenantId, Timestamp};
use platform::{
    audit::Fields,
    secrets::DataKey,
    storage::{Fault, Reads, Work, journal::NewEvent},
};
use uuid::Uuid;

use super::{
    audit_fields,
    batch::{BatchEntity, Change},
};
use crate::catalog::events;
use crate::catalog::{
    core::{
        NewIdAndTime, Patch, Problem, Rejection, Subject, Target, Verdict, category, channel, customer, family,
        store::{self, Life, StoreRow},
        supplier,
    },
    rows::{
        category as category_rows, customer as customer_rows, history_key, merge as merge_rows,
        small_tables::{self, by_ids, lock_by_ids_or_texts},
        uses,
    },
};

fn ids<K>(ids: Vec<Uuid>) -> Vec<Id<K>> {
    ids.into_iter().map(Id::from_uuid).collect()
}

pub(super) enum Stores {}
impl BatchEntity for Stores {
    type Row = StoreRow;
    type Command = store::StoreCommand;
    type Context = store::StoreContext;
    type Noun = entity::id::kind::StoreId;

    fn id(row: &StoreRow) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &StoreRow) -> Fields {
        audit_fields::store(row)
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        let mut context = store::StoreContext {
            row: None,
            code_owner: None,
            tenant: work.tenant(),
            tenant_zone: String::new(),
            uses: Vec::new(),
        };
        for command in commands {
            let key = command.code.set().map(|code| code.key.as_str());
            let id: Vec<StoreId> = command.target.id().into_iter().collect();
            for row in lock_by_ids_or_texts::<entity::store::Entity, _>(work, &id, "code_key", key.as_slice()).await? {
                context.code_owner = context.code_owner.or(key.filter(|key| *key == row.code_key).map(|_| row.id));
                context.row = if Some(row.id) == command.target.id() { Some(row) } else { context.row };
            }
            if command.target == Target::New && matches!(command.time_zone, Patch::Keep) {
                context.tenant_zone = small_tables::tenant_zone(work).await?;
            }
            if command.life == Life::Archive {
                context.uses = uses::of(work, uses::UsedColumn::Store, &id).await?.into_values().flatten().collect();
            }
        }
        Ok(context)
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<StoreRow> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&StoreRow], updated: &[(&StoreRow, &StoreRow)]) -> Result<(), Fault> {
        for row in created {
            work.insert::<entity::store::Entity>((*row).clone()).await?;
        }
        for (_, row) in updated {
            work.update::<entity::store::Entity>((*row).clone()).await?;
        }
        Ok(())
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<StoreRow>, Fault> {
        by_ids::<entity::store::Entity, _>(work, &ids::<entity::id::kind::StoreId>(found)).await
    }
    fn event(change: &Change<'_, StoreRow>) -> NewEvent {
        let archived = change.after.archived_at.is_some() && change.before.is_some_and(|before| before.archived_at.is_none());
        let kind = match change.before {
            None => events::STORE_CREATED,
            Some(_) if archived => events::STORE_ARCHIVED,
            Some(_) => events::STORE_UPDATED,
        };
        kind.of(change.after.id, change.after.version)
    }
    fn code(row: &StoreRow) -> Option<&str> {
        Some(&row.code_key)
    }
    fn race_problem() -> Problem {
        Problem::at("code", Rejection::Taken(Subject::Code))
    }
}

pub(super) enum Suppliers {}
impl BatchEntity for Suppliers {
    type Row = supplier::SupplierRow;
    type Command = supplier::SupplierCommand;
    type Context = supplier::SupplierContext;
    type Noun = entity::id::kind::SupplierId;

    fn id(row: &Self::Row) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &Self::Row) -> Fields {
        audit_fields::supplier(row)
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        let keys: Vec<&str> = commands.iter().filter_map(|c| c.code.set()).map(|code| code.key.as_str()).collect();
        let ids: Vec<SupplierId> = commands.iter().filter_map(|command| command.target.id()).collect();
        let rows = lock_by_ids_or_texts::<entity::supplier::Entity, _>(work, &ids, "code_key", &keys).await?;
        let by_code = rows.iter().map(|row| (row.code_key.clone(), row.id)).collect();
        let rows = rows.into_iter().map(|row| (row.id, row)).collect();
        Ok(supplier::SupplierContext { tenant: work.tenant(), rows, by_code, seen_keys: HashSet::new() })
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row> {
        context.decide(command, id_and_time)
    }
    /// Writes suppliers, new ones in the order of their codes, so that two calls that create the
    /// same ones do not deadlock.
    async fn write(work: &Work, created: &[&Self::Row], updated: &[(&Self::Row, &Self::Row)]) -> Result<(), Fault> {
        let mut new_rows = created.to_vec();
        new_rows.sort_by(|a, b| a.code_key.cmp(&b.code_key));
        for row in new_rows {
            work.insert::<entity::supplier::Entity>(row.clone()).await?;
        }
        for (_, row) in updated {
            work.update::<entity::supplier::Entity>((*row).clone()).await?;
        }
        Ok(())
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<Self::Row>, Fault> {
        by_ids::<entity::supplier::Entity, _>(work, &ids::<entity::id::kind::SupplierId>(found)).await
    }
    fn event(change: &Change<'_, Self::Row>) -> NewEvent {
        let kind = if change.before.is_some() { events::SUPPLIER_UPDATED } else { events::SUPPLIER_CREATED };
        kind.of(change.after.id, change.after.version)
    }
    fn code(row: &Self::Row) -> Option<&str> {
        Some(&row.code_key)
    }
    fn race_problem() -> Problem {
        Problem::at("code", Rejection::Taken(Subject::Code))
    }
}

pub(super) enum Channels {}
impl BatchEntity for Channels {
    type Row = channel::ChannelRow;
    type Command = channel::ChannelCommand;
    type Context = channel::ChannelContext;
    type Noun = entity::id::kind::ChannelId;

    fn id(row: &Self::Row) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &Self::Row) -> Fields {
        audit_fields::channel(row)
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        let keys: Vec<&str> = commands.iter().filter_map(|c| c.code.as_ref()).map(|code| code.key.as_str()).collect();
        let no_ids: [ChannelId; 0] = [];
        let rows = lock_by_ids_or_texts::<entity::channel::Entity, _>(work, &no_ids, "code_key", &keys).await?;
        Ok(channel::ChannelContext { tenant: work.tenant(), code_owner: rows.first().map(|row| row.id) })
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&Self::Row], updated: &[(&Self::Row, &Self::Row)]) -> Result<(), Fault> {
        for row in created {
            work.insert::<entity::channel::Entity>((*row).clone()).await?;
        }
        for (_, row) in updated {
            work.update::<entity::channel::Entity>((*row).clone()).await?;
        }
        Ok(())
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<Self::Row>, Fault> {
        by_ids::<entity::channel::Entity, _>(work, &ids::<entity::id::kind::ChannelId>(found)).await
    }
    fn event(change: &Change<'_, Self::Row>) -> NewEvent {
        events::CHANNEL_CREATED.of(change.after.id, change.after.version)
    }
    fn race_problem() -> Problem {
        Problem::at("code", Rejection::Taken(Subject::Code))
    }
}

pub(super) enum Families {}
impl BatchEntity for Families {
    type Row = family::FamilyRow;
    type Command = family::FamilyCommand;
    type Context = TenantId;
    type Noun = entity::id::kind::FamilyId;

    fn id(row: &Self::Row) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &Self::Row) -> Fields {
        audit_fields::family(row)
    }
    async fn load(work: &Work, _: &[Self::Command]) -> Result<TenantId, Fault> {
        Ok(work.tenant())
    }
    fn decide(tenant: &mut TenantId, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row> {
        family::decide(*tenant, command, id_and_time)
    }
    async fn write(work: &Work, created: &[&Self::Row], updated: &[(&Self::Row, &Self::Row)]) -> Result<(), Fault> {
        for row in created {
            work.insert::<entity::product_family::Entity>((*row).clone()).await?;
        }
        for (_, row) in updated {
            work.update::<entity::product_family::Entity>((*row).clone()).await?;
        }
        Ok(())
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<Self::Row>, Fault> {
        by_ids::<entity::product_family::Entity, _>(work, &ids::<entity::id::kind::FamilyId>(found)).await
    }
    fn event(change: &Change<'_, Self::Row>) -> NewEvent {
        events::FAMILY_CREATED.of(change.after.id, change.after.version)
    }
    fn race_problem() -> Problem {
        Problem::at("name", Rejection::Taken(Subject::Family))
    }
}

pub(super) enum Categories {}
impl BatchEntity for Categories {
    type Row = category::CategoryRow;
    type Command = category::CategoryCommand;
    type Context = category::CategoryContext;
    type Noun = entity::id::kind::CategoryId;

    fn id(row: &Self::Row) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &Self::Row) -> Fields {
        audit_fields::category(row)
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        category_rows::context(work, commands).await
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&Self::Row], updated: &[(&Self::Row, &Self::Row)]) -> Result<(), Fault> {
        category_rows::write(work, created, updated).await
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<Self::Row>, Fault> {
        let found: Vec<CategoryId> = ids(found);
        by_ids::<entity::category::Entity, _>(work, &found).await
    }
    fn event(change: &Change<'_, Self::Row>) -> NewEvent {
        let kind = if change.before.is_some() { events::CATEGORY_UPDATED } else { events::CATEGORY_CREATED };
        kind.of(change.after.id, change.after.version)
    }
    fn race_problem() -> Problem {
        Problem::at("slug", Rejection::Taken(Subject::Slug))
    }
}

pub(super) enum Customers {}
impl BatchEntity for Customers {
    type Row = customer::CustomerRow;
    type Command = customer::CustomerCommand;
    type Context = customer::CustomerContext;
    type Noun = entity::id::kind::CustomerId;

    fn id(row: &Self::Row) -> Uuid {
        row.id.uuid()
    }
    fn fields(row: &Self::Row) -> Fields {
        audit_fields::customer(row)
    }
    async fn history_keys(work: &Work, ids: &[Uuid], now: Timestamp) -> Result<HashMap<Uuid, DataKey>, Fault> {
        history_key::load_or_create_keys(work, ids, now).await
    }
    async fn load(work: &Work, commands: &[Self::Command]) -> Result<Self::Context, Fault> {
        let mut targets: Vec<CustomerId> = commands.iter().filter_map(|c| c.target.id()).collect();
        let target_ids: HashSet<CustomerId> = targets.iter().copied().collect();
        let refs: Vec<&str> = commands.iter().filter_map(|c| c.fields.external_ref.set()).map(String::as_str).collect();
        // Looked up before the rows are locked, so that they are locked in the order of their IDs.
        targets.extend(merge_rows::survivors_of_refs(work, &refs).await?);
        let rows = customer_rows::lock_for_update(work, &targets, &refs).await?;
        let by_ref = rows.iter().filter_map(|row| Some((row.external_ref.clone()?, row.id))).collect();
        let rows = rows.into_iter().map(|row| (row.id, row)).collect();
        let forget_commands = commands.iter().filter(|c| c.purpose == customer::CustomerAction::Forget);
        let forgotten: Vec<CustomerId> = forget_commands.filter_map(|c| c.target.id()).collect();
        let merged = merge_rows::merged_customers(work, &forgotten).await?;
        let unnamed = merged.into_iter().filter(|(_, merged_id)| !target_ids.contains(merged_id)).map(|(into, _)| into).collect();
        let (seen_refs, touched) = (HashSet::new(), HashSet::new());
        Ok(customer::CustomerContext { tenant: work.tenant(), rows, by_ref, seen_keys: seen_refs, touched, unnamed })
    }
    fn decide(context: &mut Self::Context, command: &Self::Command, id_and_time: NewIdAndTime) -> Verdict<Self::Row> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&Self::Row], updated: &[(&Self::Row, &Self::Row)]) -> Result<(), Fault> {
        customer_rows::write(work, created, updated).await
    }
    async fn find(work: &Work, found: Vec<Uuid>) -> Result<Vec<Self::Row>, Fault> {
        customer_rows::by_ids(work, &ids::<entity::id::kind::CustomerId>(found)).await
    }
    fn event(change: &Change<'_, Self::Row>) -> NewEvent {
        let kind = match change.before {
            None => events::CUSTOMER_CREATED,
            Some(before) if before.is_known() && !change.after.is_known() => events::CUSTOMER_ERASED,
            Some(_) => events::CUSTOMER_UPDATED,
        };
        kind.of(change.after.id, change.after.version)
    }
    fn code(row: &Self::Row) -> Option<&str> {
        row.external_ref.as_deref()
    }
    fn race_problem() -> Problem {
        Problem::at("externalRef", Rejection::Taken(Subject::ExternalRef))
    }
}
