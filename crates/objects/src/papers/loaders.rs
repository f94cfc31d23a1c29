//! Invoices of many orders and papers of many invoices, read together. Loaders live as long as their request and keep nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use async_graphql::{Context, dataloader::Loader};
use entity::{
    id::{Kind, kind as ids},
    prelude::*,
};
use iam::access::{Permit, kind};
use platform::storage::Fault;
use services::{
    files::Files,
    papers::{core, rows},
};
use tokio::sync::OnceCell;

use super::{Invoice, Paper};
use crate::{
    fulfilment::works_of_order,
    graphql::{context::ContextExt, fault::Answer, immediate_loader::grouped},
};

crate::tenant_rows!(
    /// Reads the papers of one tenant.
    Rows
);

/// Invoices and credit notes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvoicesOfOrder(pub OrderId);

impl Loader<InvoicesOfOrder> for Rows {
    type Value = Arc<Vec<Arc<core::Invoice>>>;
    type Error = Fault;
    async fn load(&self, keys: &[InvoicesOfOrder]) -> Result<HashMap<InvoicesOfOrder, Arc<Vec<Arc<core::Invoice>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::invoices_of(&self.0, &ids).await?;
        Ok(grouped(keys, all.into_iter().map(|invoice| (InvoicesOfOrder(invoice.order), Arc::new(invoice)))))
    }
}

/// How many papers a document shows.
const MOST: usize = 50;
/// How many of an order are looked at: some of them may be of works that the caller does not see.
const MOST_READ: usize = 250;

/// Papers about an order. Fields of the order that ask for them together have the same ones.
#[derive(Default)]
pub struct AboutOrder {
    all: Arc<Vec<Arc<core::Paper>>>,
    /// What the order shows of them, once a field has asked.
    shown: OnceCell<Arc<Shown>>,
}

/// Papers about an order, drawn of it or of documents of it, the newest first: one more than are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PapersOfOrder(pub OrderId);

impl Loader<PapersOfOrder> for Rows {
    type Value = Arc<AboutOrder>;
    type Error = Fault;
    async fn load(&self, keys: &[PapersOfOrder]) -> Result<HashMap<PapersOfOrder, Arc<AboutOrder>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::of_orders(&self.0, &ids, MOST_READ as u32 + 1).await?;
        let of = |paper: core::Paper| Some((PapersOfOrder(paper.order?), Arc::new(paper)));
        let all = grouped(keys, all.into_iter().filter_map(of));
        Ok(all.into_iter().map(|(of, all)| (of, Arc::new(AboutOrder { all, shown: OnceCell::new() }))).collect())
    }
}

/// Papers that were drawn of a document, the newest first: one more than it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PapersOf(pub uuid::Uuid);

impl Loader<PapersOf> for Rows {
    type Value = Arc<Vec<Arc<core::Paper>>>;
    type Error = Fault;
    async fn load(&self, keys: &[PapersOf]) -> Result<HashMap<PapersOf, Arc<Vec<Arc<core::Paper>>>>, Fault> {
        let ids: Vec<uuid::Uuid> = keys.iter().map(|key| key.0).collect();
        let all = rows::of_documents(&self.0, &ids, MOST as u32 + 1).await?;
        Ok(grouped(keys, all.into_iter().map(|paper| (PapersOf(paper.target.id), Arc::new(paper)))))
    }
}

/// The paper of an invoice that was drawn last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PaperOf(pub InvoiceId);

impl Loader<PaperOf> for Rows {
    type Value = Arc<core::Paper>;
    type Error = Fault;
    async fn load(&self, keys: &[PaperOf]) -> Result<HashMap<PaperOf, Arc<core::Paper>>, Fault> {
        let ids: Vec<uuid::Uuid> = keys.iter().map(|key| key.0.uuid()).collect();
        let all = rows::latest_of(&self.0, &ids).await?;
        Ok(all.into_iter().map(|paper| (PaperOf(InvoiceId::from_uuid(paper.target.id)), Arc::new(paper))).collect())
    }
}

/// The key that a program made a file with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyOf(pub FileId);

impl Loader<KeyOf> for Rows {
    type Value = ApiKeyId;
    type Error = Fault;
    async fn load(&self, keys: &[KeyOf]) -> Result<HashMap<KeyOf, ApiKeyId>, Fault> {
        let ids: Vec<FileId> = keys.iter().map(|key| key.0).collect();
        let all = Files::of_ids(&self.0, &ids).await?;
        Ok(all.into_iter().filter_map(|file| Some((KeyOf(file.id), file.key?))).collect())
    }
}

/// Invoices and credit notes of an order that the caller sees, the newest first. They belong to no channel.
pub async fn invoices_of_order(ctx: &Context<'_>, order: OrderId) -> Answer<Vec<Invoice>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    if permit.channel().is_some() {
        return Ok(Vec::new());
    }
    let all = load(ctx, InvoicesOfOrder(order)).await?.unwrap_or_default();
    Ok(all.iter().filter(|invoice| permit.covers(invoice.store)).cloned().map(Invoice).collect())
}

/// What an order shows of the papers about it.
#[derive(Default)]
struct Shown {
    papers: Vec<Paper>,
    has_more: bool,
}

/// What an order shows the caller, worked out once for the fields that ask together. Papers belong to no channel.
async fn shown_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<Arc<Shown>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    if permit.channel().is_some() {
        return Ok(Arc::default());
    }
    let about = load(ctx, PapersOfOrder(order)).await?.unwrap_or_default();
    let read = || Box::pin(read_of_order(ctx, &permit, order, store, &about.all));
    let shown = about.shown.get_or_try_init(read).await?;
    Ok(shown.clone())
}

/// Papers about an order whose documents the caller reads, the newest first: those of works only with the works.
async fn read_of_order(
    ctx: &Context<'_>,
    permit: &Permit<kind::OrderRead>,
    order: OrderId,
    store: StoreId,
    all: &[Arc<core::Paper>],
) -> Answer<Arc<Shown>> {
    let mut works: HashSet<uuid::Uuid> = HashSet::new();
    if ctx.holds::<kind::FulfilmentRead>() && all.iter().any(|paper| is_of_work(paper)) {
        let seen = Box::pin(works_of_order(ctx, order)).await?;
        works.extend(seen.iter().map(|work| work.row().id.uuid()));
    }
    let looked_at = all.iter().take(MOST_READ);
    let mut read =
        looked_at.filter(|paper| if is_of_work(paper) { works.contains(&paper.target.id) } else { permit.covers(store) });
    let papers = read.by_ref().take(MOST).cloned().map(Paper).collect();
    Ok(Arc::new(Shown { papers, has_more: all.len() > MOST_READ || read.next().is_some() }))
}

/// The newest papers about an order.
pub async fn papers_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<Vec<Paper>> {
    Ok(shown_of_order(ctx, order, store).await?.papers.clone())
}

/// Whether there are more papers about an order, or may be: of more than are looked at, it is not known which ones the caller reads.
pub async fn has_more_papers_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<bool> {
    Ok(shown_of_order(ctx, order, store).await?.has_more)
}

fn is_of_work(paper: &core::Paper) -> bool {
    paper.target.kind == ids::FulfilmentWorkId::PREFIX
}

/// Papers that were drawn of a document that the caller reads, the newest first: one more than it shows.
async fn drawn_of(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<Arc<Vec<Arc<core::Paper>>>> {
    if ctx.caller()?.channel.is_some() {
        return Ok(Arc::default());
    }
    Ok(load(ctx, PapersOf(document)).await?.unwrap_or_default())
}

/// The newest papers that were drawn of a document.
pub async fn papers_of(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<Vec<Paper>> {
    Ok(drawn_of(ctx, document).await?.iter().take(MOST).cloned().map(Paper).collect())
}

/// Whether more papers were drawn of a document than it shows.
pub async fn has_more_papers(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<bool> {
    Ok(drawn_of(ctx, document).await?.len() > MOST)
}

/// The paper of an invoice that was drawn last.
pub async fn paper_of(ctx: &Context<'_>, invoice: InvoiceId) -> Answer<Option<Paper>> {
    Ok(load(ctx, PaperOf(invoice)).await?.map(Paper))
}
