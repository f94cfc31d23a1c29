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
    graphql::{context::ContextExt, fault::Answer, immediate_loader::group_by_key},
};

crate::tenant_rows!(
    /// Reads the papers of one tenant.
    Rows
);

/// Invoices and credit notes of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderInvoicesKey(pub OrderId);

impl Loader<OrderInvoicesKey> for Rows {
    type Value = Arc<Vec<Arc<core::Invoice>>>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderInvoicesKey]) -> Result<HashMap<OrderInvoicesKey, Arc<Vec<Arc<core::Invoice>>>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let invoices = rows::invoices_of(&self.0, &ids).await?;
        Ok(group_by_key(keys, invoices.into_iter().map(|invoice| (OrderInvoicesKey(invoice.order), Arc::new(invoice)))))
    }
}

/// Maximum papers that a document shows.
const MAX_SHOWN_PAPERS: usize = 50;
/// Maximum papers of an order that are read: some of them may belong to works that the caller does
/// not see.
const MAX_READ: usize = 250;

/// Papers about an order, shared by the fields of the order that request them together.
#[derive(Default)]
pub struct OrderPapers {
    all: Arc<Vec<Arc<core::Paper>>>,
    /// The part of them that the order shows, once a field has requested it.
    visible_papers: OnceCell<Arc<VisiblePapers>>,
}

/// Papers about an order, of the order itself or of its documents, the newest first: at most one
/// more than are examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OrderPapersKey(pub OrderId);

impl Loader<OrderPapersKey> for Rows {
    type Value = Arc<OrderPapers>;
    type Error = Fault;
    async fn load(&self, keys: &[OrderPapersKey]) -> Result<HashMap<OrderPapersKey, Arc<OrderPapers>>, Fault> {
        let ids: Vec<OrderId> = keys.iter().map(|key| key.0).collect();
        let all = rows::of_orders(&self.0, &ids, MAX_READ as u32 + 1).await?;
        let papers_key = |paper: core::Paper| Some((OrderPapersKey(paper.order?), Arc::new(paper)));
        let all = group_by_key(keys, all.into_iter().filter_map(papers_key));
        Ok(all
            .into_iter()
            .map(|(papers_key, all)| (papers_key, Arc::new(OrderPapers { all, visible_papers: OnceCell::new() })))
            .collect())
    }
}

/// Papers that were drawn of a document, the newest first: one more than it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DocumentPapersKey(pub uuid::Uuid);

impl Loader<DocumentPapersKey> for Rows {
    type Value = Arc<Vec<Arc<core::Paper>>>;
    type Error = Fault;
    async fn load(&self, keys: &[DocumentPapersKey]) -> Result<HashMap<DocumentPapersKey, Arc<Vec<Arc<core::Paper>>>>, Fault> {
        let ids: Vec<uuid::Uuid> = keys.iter().map(|key| key.0).collect();
        let papers = rows::of_documents(&self.0, &ids, MAX_SHOWN_PAPERS as u32 + 1).await?;
        Ok(group_by_key(keys, papers.into_iter().map(|paper| (DocumentPapersKey(paper.target.id), Arc::new(paper)))))
    }
}

/// The paper of an invoice that was drawn last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InvoicePaperKey(pub InvoiceId);

impl Loader<InvoicePaperKey> for Rows {
    type Value = Arc<core::Paper>;
    type Error = Fault;
    async fn load(&self, keys: &[InvoicePaperKey]) -> Result<HashMap<InvoicePaperKey, Arc<core::Paper>>, Fault> {
        let ids: Vec<uuid::Uuid> = keys.iter().map(|key| key.0.uuid()).collect();
        let papers = rows::latest_of(&self.0, &ids).await?;
        Ok(papers.into_iter().map(|paper| (InvoicePaperKey(InvoiceId::from_uuid(paper.target.id)), Arc::new(paper))).collect())
    }
}

/// The key that an integration created a file with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileApiKeyKey(pub FileId);

impl Loader<FileApiKeyKey> for Rows {
    type Value = ApiKeyId;
    type Error = Fault;
    async fn load(&self, keys: &[FileApiKeyKey]) -> Result<HashMap<FileApiKeyKey, ApiKeyId>, Fault> {
        let ids: Vec<FileId> = keys.iter().map(|key| key.0).collect();
        let files = Files::of_ids(&self.0, &ids).await?;
        Ok(files.into_iter().filter_map(|file| Some((FileApiKeyKey(file.id), file.key?))).collect())
    }
}

/// Invoices and credit notes of an order that the caller sees, the newest first. They belong to no channel.
pub async fn invoices_of_order(ctx: &Context<'_>, order: OrderId) -> Answer<Vec<Invoice>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    if permit.channel().is_some() {
        return Ok(Vec::new());
    }
    let invoices = load(ctx, OrderInvoicesKey(order)).await?.unwrap_or_default();
    Ok(invoices.iter().filter(|invoice| permit.covers(invoice.store)).cloned().map(Invoice).collect())
}

/// Papers about an order that it shows.
#[derive(Default)]
struct VisiblePapers {
    papers: Vec<Paper>,
    has_more: bool,
}

/// Returns the papers that an order shows the caller, computed once for all fields that request
/// them. Papers belong to no channel.
async fn visible_papers_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<Arc<VisiblePapers>> {
    let permit = ctx.permit::<kind::OrderRead>()?;
    if permit.channel().is_some() {
        return Ok(Arc::default());
    }
    let order_papers = load(ctx, OrderPapersKey(order)).await?.unwrap_or_default();
    let load_papers = || Box::pin(load_papers_of_order(ctx, &permit, order, store, &order_papers.all));
    let visible_papers = order_papers.visible_papers.get_or_try_init(load_papers).await?;
    Ok(visible_papers.clone())
}

/// Papers about an order whose documents the caller may read, the newest first; papers of works
/// need the permission to read works.
async fn load_papers_of_order(
    ctx: &Context<'_>,
    permit: &Permit<kind::OrderRead>,
    order: OrderId,
    store: StoreId,
    papers_of_order: &[Arc<core::Paper>],
) -> Answer<Arc<VisiblePapers>> {
    let mut works: HashSet<uuid::Uuid> = HashSet::new();
    if ctx.holds::<kind::FulfilmentRead>() && papers_of_order.iter().any(|paper| is_of_work(paper)) {
        let visible_works = Box::pin(works_of_order(ctx, order)).await?;
        works.extend(visible_works.iter().map(|work| work.row().id.uuid()));
    }
    let examined_papers = papers_of_order.iter().take(MAX_READ);
    let mut visible_papers =
        examined_papers.filter(|paper| if is_of_work(paper) { works.contains(&paper.target.id) } else { permit.covers(store) });
    let papers = visible_papers.by_ref().take(MAX_SHOWN_PAPERS).cloned().map(Paper).collect();
    Ok(Arc::new(VisiblePapers { papers, has_more: papers_of_order.len() > MAX_READ || visible_papers.next().is_some() }))
}

/// The newest papers about an order.
pub async fn papers_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<Vec<Paper>> {
    Ok(visible_papers_of_order(ctx, order, store).await?.papers.clone())
}

/// Whether there are more papers about an order, or may be: beyond the examined ones it is not
/// known which ones the caller may read.
pub async fn has_more_papers_of_order(ctx: &Context<'_>, order: OrderId, store: StoreId) -> Answer<bool> {
    Ok(visible_papers_of_order(ctx, order, store).await?.has_more)
}

fn is_of_work(paper: &core::Paper) -> bool {
    paper.target.kind == ids::FulfilmentWorkId::PREFIX
}

/// Papers that were drawn of a document that the caller reads, the newest first: one more than it shows.
async fn load_papers_of_document(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<Arc<Vec<Arc<core::Paper>>>> {
    if ctx.caller()?.channel.is_some() {
        return Ok(Arc::default());
    }
    Ok(load(ctx, DocumentPapersKey(document)).await?.unwrap_or_default())
}

/// The newest papers that were drawn of a document.
pub async fn papers_of(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<Vec<Paper>> {
    Ok(load_papers_of_document(ctx, document).await?.iter().take(MAX_SHOWN_PAPERS).cloned().map(Paper).collect())
}

/// Whether more papers were drawn of a document than it shows.
pub async fn has_more_papers(ctx: &Context<'_>, document: uuid::Uuid) -> Answer<bool> {
    Ok(load_papers_of_document(ctx, document).await?.len() > MAX_SHOWN_PAPERS)
}

/// The paper of an invoice that was drawn last.
pub async fn paper_of(ctx: &Context<'_>, invoice: InvoiceId) -> Answer<Option<Paper>> {
    Ok(load(ctx, InvoicePaperKey(invoice)).await?.map(Paper))
}
