//! Products and their implementation of `BatchEntity`.

use entity::prelude::{ProductId, ProductStatus, Quantity};
use platform::{
    audit::Fields,
    storage::{Fault, Work, journal::NewEvent},
};
use uuid::Uuid;

use super::{
    audit_fields,
    batch::{BatchEntity, Change},
};
use crate::catalog::events;
use crate::catalog::{
    core::{
        NewIdAndTime, Problem, Rejection, Subject, Verdict,
        kit::{self, KitCommand, KitDoc},
        product::{ProductCommand, ProductContext, ProductDoc, ProductRow},
    },
    rows,
};

pub(super) fn product_event(before: Option<&ProductRow>, row: &ProductRow) -> NewEvent {
    let archived = row.status == ProductStatus::Archived && before.is_some_and(|b| b.status != ProductStatus::Archived);
    let kind = match before {
        None => events::PRODUCT_CREATED,
        Some(_) if archived => events::PRODUCT_ARCHIVED,
        Some(_) => events::PRODUCT_UPDATED,
    };
    kind.event(&events::ProductMoved {
        id: row.id,
        version: row.version,
        sku: row.sku.clone(),
        status: Some(row.status),
        category_before: before.and_then(|b| b.category_id),
        category_after: row.category_id,
        threshold_before: before.and_then(|b| b.low_stock_threshold).and_then(Quantity::new),
        threshold_after: row.low_stock_threshold.and_then(Quantity::new),
    })
}

pub(super) enum Kits {}

impl BatchEntity for Kits {
    type Row = KitDoc;
    type Command = KitCommand;
    type Context = kit::KitContext;
    type Noun = entity::id::kind::ProductId;

    fn id(row: &KitDoc) -> Uuid {
        row.row.id.uuid()
    }
    fn fields(row: &KitDoc) -> Fields {
        audit_fields::kit(row)
    }
    async fn load(work: &Work, commands: &[KitCommand]) -> Result<kit::KitContext, Fault> {
        rows::kit::context(work, commands).await
    }
    fn decide(context: &mut kit::KitContext, command: &KitCommand, id_and_time: NewIdAndTime) -> Verdict<KitDoc> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, _: &[&KitDoc], updated: &[(&KitDoc, &KitDoc)]) -> Result<(), Fault> {
        let kits: Vec<&KitDoc> = updated.iter().map(|(_, after)| *after).collect();
        rows::kit::write(work, &kits).await
    }
    async fn find(work: &Work, ids: Vec<Uuid>) -> Result<Vec<KitDoc>, Fault> {
        rows::kit::find(work, ids.into_iter().map(ProductId::from_uuid).collect()).await
    }
    fn event(change: &Change<'_, KitDoc>) -> NewEvent {
        product_event(change.before.map(|kit| &kit.row), &change.after.row)
    }
    fn race_problem() -> Problem {
        Problem::at("components", Rejection::Taken(Subject::Product))
    }
}

pub(super) enum Products {}

impl BatchEntity for Products {
    type Row = ProductDoc;
    type Command = ProductCommand;
    type Context = ProductContext;
    type Noun = entity::id::kind::ProductId;

    fn id(row: &ProductDoc) -> Uuid {
        row.row.id.uuid()
    }
    fn fields(row: &ProductDoc) -> Fields {
        audit_fields::product(row)
    }
    async fn load(work: &Work, commands: &[ProductCommand]) -> Result<ProductContext, Fault> {
        rows::product_context::load(work, commands).await
    }
    fn decide(context: &mut ProductContext, command: &ProductCommand, id_and_time: NewIdAndTime) -> Verdict<ProductDoc> {
        context.decide(command, id_and_time)
    }
    async fn write(work: &Work, created: &[&ProductDoc], updated: &[(&ProductDoc, &ProductDoc)]) -> Result<(), Fault> {
        rows::product::write(work, created, updated).await
    }
    async fn find(work: &Work, ids: Vec<Uuid>) -> Result<Vec<ProductDoc>, Fault> {
        rows::product::docs(work, ids.into_iter().map(ProductId::from_uuid).collect()).await
    }
    fn event(change: &Change<'_, ProductDoc>) -> NewEvent {
        product_event(change.before.map(|doc| &doc.row), &change.after.row)
    }
    fn code(doc: &ProductDoc) -> Option<&str> {
        Some(&doc.row.sku_key)
    }
    fn race_problem() -> Problem {
        Problem::at("sku", Rejection::Taken(Subject::Sku))
    }
}
