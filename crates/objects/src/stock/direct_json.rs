//! Levels written directly as JSON: see `graphql/direct_json.rs`. Rights are the same as for
//! resolvers: the creator of the list requires the permit, and limits the list to its stores.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use async_graphql::{
    Context, ContextSelectionSet, OutputType, Positioned, ServerError, ServerResult, Value, parser::types::Field,
    registry::Registry,
};
use entity::prelude::{ProductId, StoreId};
use iam::access::{self, Caller, Reach, kind};
use inventory::{
    catalog::core::store::StoreRow,
    stock::rows::selected_columns::{DisplayedLevel, LevelColumns, LevelDetail},
};

use super::{StockLevel, loaders::LevelLoader};
use crate::{
    catalog::{CatalogLoaders, direct_json as catalog},
    graphql::{
        direct_json::{ChildSelection, Json, SelectionView},
        lazy::Lazy,
        lean_list::{DirectList, OtherValues},
    },
};

/// The fields of a level that its own row has. `store` is written beside them.
pub const FIELDS: [&str; 14] = [
    "id",
    "onHand",
    "reserved",
    "unavailable",
    "available",
    "incoming",
    "inTransit",
    "safetyStock",
    "reorderPoint",
    "maximum",
    "status",
    "version",
    "seq",
    "updatedAt",
];

fn supports_field(field: &str, below: ChildSelection<'_>) -> bool {
    FIELDS.contains(&field) || field == "store" && below.on("Store").is_within(&catalog::STORE_FIELDS)
}

/// Whether all that is selected of a list of levels is written here.
pub fn supports_selection(levels: ChildSelection<'_>) -> bool {
    levels.on("StockLevel").is_known(supports_field)
}

/// A list of levels.
pub enum Levels {
    Whole(Vec<StockLevel>),
    /// Levels with only the selected columns, if no resolver is needed.
    Shown(Vec<DisplayedLevel>),
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
        match (Box::pin(self.write_directly(ctx, field)).await, self) {
            (Some(answer), _) => answer,
            (None, Self::Whole(levels)) => levels.as_slice().resolve(ctx, field).await,
            (None, Self::Shown(_)) => {
                Err(ctx.set_error_path(ServerError::new("what was selected of levels was not read", Some(field.pos))))
            }
        }
    }
}

impl Levels {
    /// The columns to read if the selection of the field being resolved needs no resolver.
    pub fn columns(ctx: &Context<'_>) -> Option<LevelColumns> {
        let selection = SelectionView::of(&ctx.with_selection_set(&ctx.item.node.selection_set), "StockLevel")?;
        selection.is_known(supports_field).then(|| LevelColumns::of_fields(selection.names()))
    }
    /// Keeps the levels of some stores.
    pub fn retain(&mut self, is_kept: impl Fn(StoreId) -> bool) {
        match self {
            Self::Whole(levels) => levels.retain(|level| is_kept(level.0.key.store)),
            Self::Shown(levels) => levels.retain(|level| is_kept(level.store)),
        }
    }
    async fn write_directly(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> Option<ServerResult<Value>> {
        let direct_list = DirectList::of(ctx, "StockLevel", supports_field)?;
        let shown_levels = match self {
            Self::Whole(levels) => Cow::Owned(levels.iter().map(|level| DisplayedLevel::from(&level.0)).collect::<Vec<_>>()),
            Self::Shown(levels) => Cow::Borrowed(levels.as_slice()),
        };
        let ids = shown_levels.iter().map(|level| level.store).collect();
        let stores = selected_stores(ctx, direct_list.below("store", "Store"), ids).await?;
        let remaining_values = match self {
            Self::Whole(levels) => match direct_list.resolve_remaining(ctx, field, levels).await {
                Ok(remaining_values) => remaining_values,
                Err(error) => return Some(Err(error)),
            },
            Self::Shown(_) if direct_list.is_fully_direct() => OtherValues::default(),
            Self::Shown(_) => return None,
        };
        let write = |out: &mut Json, row: usize, field: &str, below: ChildSelection<'_>| {
            write_field(out, &shown_levels[row], field, below, &stores)
        };
        direct_list.answer(remaining_values, shown_levels.len(), 112 * shown_levels.len() + 2, write).map(Ok)
    }
}

type Stores = HashMap<StoreId, Arc<StoreRow>>;

/// The stores of levels, if they are selected.
async fn selected_stores(
    ctx: &ContextSelectionSet<'_>,
    selection: Option<SelectionView<'_>>,
    ids: Vec<StoreId>,
) -> Option<Stores> {
    match selection {
        Some(_) => ctx.data_opt::<Lazy>()?.get::<CatalogLoaders>().load_stores(ids).await.ok(),
        None => Some(HashMap::new()),
    }
}

/// The levels of a page of products, in the stores that the caller sees.
pub struct LevelsOfPage {
    levels: HashMap<ProductId, Arc<Vec<DisplayedLevel>>>,
    reach: Reach,
    stores: Stores,
}

impl LevelsOfPage {
    /// Reads the selected columns of the products' levels. None if ordinary resolvers have to do
    /// it, or have to refuse.
    pub async fn read(ctx: &ContextSelectionSet<'_>, selection: SelectionView<'_>, products: Vec<ProductId>) -> Option<Self> {
        let reach = access::permit::<kind::StockRead>(ctx.data_opt::<Caller>()?).ok()?.reach();
        let columns = LevelColumns::of_fields(selection.names());
        let levels = ctx.data_opt::<Lazy>()?.get::<LevelLoader>().load_level_columns(&products, columns).await.ok()?;
        let store_ids = levels.values().flat_map(|levels| levels.iter().map(|level| level.store));
        let ids = store_ids.filter(|store| reach.covers(*store)).collect();
        let stores = selected_stores(ctx, selection.below("store", "Store"), ids).await?;
        Some(Self { levels, reach, stores })
    }
    /// Approximate size of the levels in JSON.
    pub fn bytes(&self) -> usize {
        self.levels.values().map(|levels| 112 * levels.len()).sum()
    }
    /// Writes the levels of one product.
    pub fn write(&self, out: &mut Json, product: ProductId, selection: SelectionView<'_>) -> Option<()> {
        let levels = self.levels.get(&product).map(|levels| levels.as_slice()).unwrap_or_default();
        let visible_levels = levels.iter().filter(|level| self.reach.covers(level.store));
        out.list(visible_levels, |out, level| write_level(out, level, selection, &self.stores))
    }
}

fn write_level(out: &mut Json, level: &DisplayedLevel, selection: SelectionView<'_>, stores: &Stores) -> Option<()> {
    selection.object(out, |out, field, below| write_field(out, level, field, below, stores))
}

fn write_field(out: &mut Json, level: &DisplayedLevel, field: &str, below: ChildSelection<'_>, stores: &Stores) -> Option<()> {
    match field {
        "onHand" => out.number(level.on_hand.get()),
        "reserved" => out.number(level.reserved.get()),
        "unavailable" => out.number(level.unavailable.get()),
        "available" => out.number(level.available()),
        "store" => catalog::write_store(out, stores.get(&level.store)?, below.on("Store"))?,
        "status" => out.word(level.status()?.as_str()),
        field => write_detail_field(out, level.detail.as_ref()?, field)?,
    }
    Some(())
}

fn write_detail_field(out: &mut Json, level: &LevelDetail, field: &str) -> Option<()> {
    match field {
        "id" => out.id(level.id?),
        "incoming" => out.number(level.incoming?.get()),
        "inTransit" => out.number(level.in_transit?.get()),
        "safetyStock" => out.number(level.safety_stock?.get()),
        "reorderPoint" => out.option(level.reorder_point, |out, point| out.number(point.get())),
        "maximum" => out.option(level.maximum, |out, limit| out.number(limit.get())),
        "version" => out.number(level.version?),
        "seq" => out.number(level.seq?),
        "updatedAt" => out.time(level.updated_at?),
        _ => return None,
    }
    Some(())
}
