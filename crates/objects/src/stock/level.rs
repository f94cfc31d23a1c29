//! Stock levels in GraphQL: one product in one store.

use async_graphql::{Context, ID, dataloader::DataLoader};
use iam::access::kind;
use inventory::{
    ledger::Ledger,
    stock::{
        rows::{self, list::LevelRow},
        shell,
    },
};
use macros::resolvers;
use platform::paging::{CursorSigner, Key};

use super::{StockEntry, StockEntryConnection, StockStatus, bin_of, links, visibility::movements_of};
use crate::{
    catalog::{Product, Store},
    graphql::{
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        limits::Limits,
        scalars::{Cursor, DateTime, Long, Quantity},
    },
};

/// The level of one product in one store: its stock, its reservations, and its history.
#[derive(Debug, Clone)]
pub struct StockLevel(pub LevelRow, Option<Box<DryRunBin>>);

/// The bin location after a dry run, which is not looked up. Boxed, since no level of a list has
/// one.
#[derive(Debug, Clone)]
struct DryRunBin(Option<String>);

impl From<LevelRow> for StockLevel {
    fn from(row: LevelRow) -> Self {
        Self(row, None)
    }
}

impl StockLevel {
    /// The level as a dry run would leave it, in this bin location.
    #[must_use]
    pub fn from_dry_run(row: LevelRow, bin: Option<String>) -> Self {
        Self(row, Some(Box::new(DryRunBin(bin))))
    }
}

/// Stock level of a product in a store: available = onHand − unavailable − reserved. Quantities are in the product's smallest unit.
#[resolvers(requires = StockRead, cost = "0.05", shared)]
impl StockLevel {
    /// ID of the stock level.
    pub async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.key.product).await
    }
    /// The store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.0.key.store).await
    }
    /// Quantity on hand: stock physically in the store, in the product's smallest unit.
    async fn on_hand(&self) -> Quantity {
        self.0.on_hand.into()
    }
    /// Quantity held for orders and reservations, in the product's smallest unit.
    async fn reserved(&self) -> Quantity {
        self.0.reserved.into()
    }
    /// Quantity on hand that cannot be sold (quarantined, damaged, expired or recalled), in the product's smallest unit.
    async fn unavailable(&self) -> Quantity {
        self.0.unavailable.into()
    }
    /// Available quantity, in the product's smallest unit: on hand, less unavailable, less reserved.
    async fn available(&self) -> Quantity {
        Quantity(entity::prelude::Quantity::new(self.0.available()).unwrap_or_default())
    }
    /// Quantity ordered from suppliers and not yet received, in the product's smallest unit.
    async fn incoming(&self) -> Quantity {
        self.0.incoming.into()
    }
    /// Quantity in transit from other stores, in the product's smallest unit.
    async fn in_transit(&self) -> Quantity {
        self.0.in_transit.into()
    }
    /// Safety stock: quantity that channels do not promise, in the product's smallest unit. Shops and staff may promise it.
    async fn safety_stock(&self) -> Quantity {
        self.0.safety_stock.into()
    }
    /// Reorder point, in the product's smallest unit: at or below this available quantity, the product is to be reordered. Null when none is set.
    async fn reorder_point(&self) -> Option<Quantity> {
        self.0.reorder_point.map(Into::into)
    }
    /// Maximum stock, in the product's smallest unit: replenishment fills up to it, and another store may get the surplus. Null when none is set.
    async fn maximum(&self) -> Option<Quantity> {
        self.0.maximum.map(Into::into)
    }
    /// Bin location: code of the place of the product in the store, as in A-03-12. Picking lists are in its order. Null when none is set.
    async fn bin_location(&self, ctx: &Context<'_>) -> Answer<Option<String>> {
        match self.1.as_deref() {
            Some(DryRunBin(bin)) => Ok(bin.clone()),
            None => bin_of(ctx, self.0.key).await,
        }
    }
    /// Stock status, derived from the available quantity.
    async fn status(&self) -> StockStatus {
        self.0.status().into()
    }
    /// Version of the level, +1 for each entry.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Number of the last event that changed the level; in a stream, of the event in the item.
    async fn seq(&self) -> Long {
        Long(self.0.seq)
    }
    /// Time of the last change of the level.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Quantity on hand at a past moment, in the product's smallest unit: the sum of all entries that occurred up to it,
    /// including those recorded later.
    #[field(cost = "1")]
    async fn on_hand_at(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Business time at which the quantity is asked for.")] time: DateTime,
        #[graphql(desc = "Time of knowledge: only entries recorded up to it count. Null for all entries.")] known_at: Option<
            DateTime,
        >,
    ) -> Answer<Quantity> {
        let scope = ctx.permit::<kind::StockRead>()?.scope(ctx.required_data::<Ledger>()?.database());
        Ok(Box::pin(shell::on_hand_at(&scope, self.0.key, time.0, known_at.map(|time_known| time_known.0))).await?.into())
    }
    /// The lines of the ledger for this level, the newest first.
    #[field(permit = StockMovementRead, list_size(assumed = 50, arguments("first"), fields("nodes", "edges")))]
    async fn entries(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<Cursor>) -> Answer<StockEntryConnection> {
        let scope = movements_of(ctx, self.0.key.store)?.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let list = format!("entries:{}", self.0.id);
        let request =
            PageArgs { first, after, ..PageArgs::default() }.check(&list, signer, ctx.required_data::<Limits>()?.page)?;
        let before = match request.after.as_deref() {
            Some([Key::Int(version)]) => Some(*version),
            _ => None,
        };
        let entries = Box::pin(rows::entries_of_level(&scope, self.0.key, before, request.limit + 1)).await?;
        let loader = ctx.lazy::<DataLoader<super::loaders::StockLoader>>()?;
        let seqs = entries.iter().map(|(seq, _)| super::loaders::MovementSeqKey(*seq));
        let movements = Box::pin(loader.load_many(seqs)).await?;
        let rows = entries.into_iter().map(|(seq, entry)| ((seq, entry.line), vec![Key::Int(entry.version_after)]));
        let page = Page::build(rows.collect(), &request, list, signer).filter_visible(|(seq, line)| {
            let movement = movements.get(&super::loaders::MovementSeqKey(seq))?.clone();
            Some(StockEntry { movement, line })
        });
        Ok(page.with_count_source(scope, rows::entries_source(self.0.key)).into())
    }
}

/// A page of stock levels.
pub struct StockLevelConnection {
    pub counted: CountedPage<StockLevel>,
    pub head: Cursor,
}
crate::connection!(@edge StockLevelEdge, StockLevel, "stock levels");

/// A page of stock levels.
#[resolvers(connection(counted, StockLevelEdge, StockLevel))]
impl StockLevelConnection {
    /// The stream's head when the first page was read: hand it to stockChanged(after:) after the last page, and nothing is missed.
    async fn stream_cursor(&self) -> &Cursor {
        &self.head
    }
}
