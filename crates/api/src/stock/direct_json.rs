//! Levels written straight to JSON: see `graphql/direct_json.rs`. Rights hold because whoever makes the list asks for the permit.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{
    Context, ContextSelectionSet, OutputType, Positioned, ServerError, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use entity::prelude::{ProductId, Quantity, StoreId};
use iam::access::{self, Caller, Reach, kind};
use inventory::{
    catalog::core::store::StoreRow,
    stock::{
        core::available,
        rows::list::{LevelRow, LevelSummary},
    },
};

use super::{StockLevel, loaders::LevelsOf};
use crate::{
    catalog::{Loads, direct_json as catalog},
    graphql::{
        direct_json::{Json, SelectionView, raw},
        lazy::Lazy,
    },
};

/// What `LevelSummary` know of a level.
const FIGURES: [&str; 6] = ["onHand", "reserved", "unavailable", "available", "store", "__typename"];

/// A list of levels.
pub enum Levels {
    Whole(Vec<LevelRow>),
    /// With fewer columns, when no more are selected.
    Figures(Vec<LevelSummary>),
}

impl OutputType for Levels {
    fn type_name() -> Cow<'static, str> {
        <Vec<StockLevel> as OutputType>::type_name()
    }
    fn qualified_type_name() -> String {
        <Vec<StockLevel> as OutputType>::qualified_type_name()
    }
    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<StockLevel> as OutputType>::create_type_info(registry)
    }
    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        match (self.write_json(ctx).await, self) {
            (Some(json), _) => Ok(raw(json)),
            (None, Self::Whole(levels)) => levels.iter().cloned().map(StockLevel).collect::<Vec<_>>().resolve(ctx, field).await,
            (None, Self::Figures(_)) => {
                Err(ctx.set_error_path(ServerError::new("what was selected of levels was not read", Some(field.pos))))
            }
        }
    }
}

impl Levels {
    /// Whether figures are enough for what the field that is being resolved selects.
    pub fn are_figures(ctx: &Context<'_>) -> bool {
        SelectionView::of(&ctx.with_selection_set(&ctx.item.node.selection_set), "StockLevel")
            .is_some_and(|selected| is_figures(&selected))
    }
    /// Keeps the levels of some stores.
    pub fn retain(&mut self, is_kept: impl Fn(StoreId) -> bool) {
        match self {
            Self::Whole(levels) => levels.retain(|level| is_kept(level.key.store)),
            Self::Figures(levels) => levels.retain(|level| is_kept(level.store)),
        }
    }
    fn shown(&self) -> Vec<Shown<'_>> {
        match self {
            Self::Whole(levels) => levels.iter().map(Shown::from).collect(),
            Self::Figures(levels) => levels.iter().map(Shown::from).collect(),
        }
    }
    async fn write_json(&self, ctx: &ContextSelectionSet<'_>) -> Option<String> {
        let selected = SelectionView::of(ctx, "StockLevel")?;
        let levels = self.shown();
        let stores = stores(ctx, &selected, levels.iter().map(|level| level.store).collect()).await?;
        let mut out = Json::with_capacity(96 * levels.len() + 2);
        out.list(&levels, |out, level| write(out, level, selected, &stores))?;
        Some(out.into_string())
    }
}

/// Whether figures are enough for the selection. What is asked of the store is the writer's business, and it knows no way back.
fn is_figures(selected: &SelectionView<'_>) -> bool {
    let store = ["id", "code", "name", "kind", "timeZone", "version", "__typename"];
    selected.is_within(&FIGURES) && selected.below("store", "Store").is_none_or(|below| below.is_within(&store))
}

type Stores = HashMap<StoreId, Arc<StoreRow>>;

/// The stores of levels, if they are selected.
async fn stores(ctx: &ContextSelectionSet<'_>, selected: &SelectionView<'_>, ids: Vec<StoreId>) -> Option<Stores> {
    match selected.below("store", "Store") {
        Some(_) => ctx.data_opt::<Lazy<Loads>>()?.get().known_stores(ids).await.ok(),
        None => Some(HashMap::new()),
    }
}

/// The levels of a page of products.
pub struct LevelsOfPage {
    levels: HashMap<ProductId, Arc<Vec<LevelSummary>>>,
    stores: Stores,
}

impl LevelsOfPage {
    /// Reads what is selected of them. None when ordinary resolvers must do it, or say that the caller may not.
    pub async fn read(ctx: &ContextSelectionSet<'_>, selected: SelectionView<'_>, products: Vec<ProductId>) -> Option<Self> {
        let permit = access::permit::<kind::StockRead>(ctx.data_opt::<Caller>()?).ok()?;
        if permit.reach() != Reach::Everywhere || !is_figures(&selected) {
            return None;
        }
        let levels = ctx.data_opt::<Lazy<LevelsOf>>()?.get().figures_of(&products).await.ok()?;
        let ids = levels.values().flat_map(|levels| levels.iter().map(|level| level.store)).collect();
        let stores = stores(ctx, &selected, ids).await?;
        Some(Self { levels, stores })
    }
    /// About how much they come to in JSON.
    pub fn bytes(&self) -> usize {
        self.levels.values().map(|levels| 112 * levels.len()).sum()
    }
    /// Writes the levels of one product.
    pub fn write(&self, out: &mut Json, product: ProductId, selected: SelectionView<'_>) -> Option<()> {
        let levels = self.levels.get(&product).map(|levels| levels.as_slice()).unwrap_or_default();
        out.list(levels, |out, level| write(out, &Shown::from(level), selected, &self.stores))
    }
}

/// A level as far as its list has read it.
struct Shown<'a> {
    store: StoreId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
    whole: Option<&'a LevelRow>,
}
impl From<&LevelSummary> for Shown<'_> {
    fn from(level: &LevelSummary) -> Self {
        let LevelSummary { store, on_hand, reserved, unavailable } = *level;
        Self { store, on_hand, reserved, unavailable, whole: None }
    }
}
impl<'a> From<&'a LevelRow> for Shown<'a> {
    fn from(level: &'a LevelRow) -> Self {
        let LevelRow { on_hand, reserved, unavailable, .. } = *level;
        Self { store: level.key.store, on_hand, reserved, unavailable, whole: Some(level) }
    }
}

fn write(out: &mut Json, level: &Shown<'_>, selected: SelectionView<'_>, stores: &Stores) -> Option<()> {
    selected.object(out, |out, field, below| {
        match field {
            "onHand" => out.number(level.on_hand.get()),
            "reserved" => out.number(level.reserved.get()),
            "unavailable" => out.number(level.unavailable.get()),
            "available" => out.number(available(level.on_hand, level.unavailable, level.reserved)),
            "store" => catalog::store(out, stores.get(&level.store)?, below.on("Store"))?,
            field => rest(out, level.whole?, field)?,
        }
        Some(())
    })
}

/// What only a whole level knows.
fn rest(out: &mut Json, level: &LevelRow, field: &str) -> Option<()> {
    match field {
        "id" => out.id(level.id),
        "incoming" => out.number(level.incoming.get()),
        "inTransit" => out.number(level.in_transit.get()),
        "safetyStock" => out.number(level.safety_stock.get()),
        "reorderPoint" => out.option(level.reorder_point, |out, point| out.number(point.get())),
        "status" => out.word(level.status().as_str()),
        "version" => out.number(level.version),
        "seq" => out.number(level.seq),
        "updatedAt" => out.time(level.updated_at),
        _ => return None,
    }
    Some(())
}
