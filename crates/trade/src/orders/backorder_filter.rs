//! Filter and sort of order lines that wait for stock, as inputs of the API.

use async_graphql::{Enum, InputObject};
use entity::id::kind;
use inventory::orders::rows::{BackorderSort as By, BackorderTests, BackordersSorted, Filter, IdColumn};
use platform::storage::Nested;

use super::{
    filters::{below, ids, span, texts},
    links::{DateTimeFilter, Direction, IdFilter, StringFilter},
};
use crate::{
    graphql::{directives::cost, fault::Answer, filters::QuantityFilter, nested::read_nested, refusal::Path},
    sorts::UNINDEXED,
};

/// Filter of order lines that wait for stock. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct BackorderFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<BackorderFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<BackorderFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<BackorderFilter>>,
    /// Products of the lines to include.
    pub product: Option<IdFilter>,
    /// SKU of the line's product, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Stores whose orders are included.
    pub store: Option<IdFilter>,
    /// Sales channels whose orders are included.
    pub channel: Option<IdFilter>,
    /// Time at which the line's order was placed.
    pub placed_at: Option<DateTimeFilter>,
    /// Quantity of the line that waits for stock, in the product's smallest unit.
    pub backordered: Option<QuantityFilter>,
}

::graphql::nested_filter!(BackorderFilter);
crate::keyed_filter!(
    BackorderFilter,
    "product" product ProductSku,
    "store" store StoreCode,
    "channel" channel ChannelCode;
    [store] "placedAt" placed_at
);

/// Sort order of a list of order lines that wait for stock; lines with equal values are sorted by the number of their order and by their position.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct BackorderSort {
    /// Field by which the lines are sorted.
    pub field: BackorderSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which order lines that wait for stock can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum BackorderSortField {
    /// Time at which the line's order was placed.
    PlacedAt,
    /// Quantity of the line that waits for stock, in the product's smallest unit.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    Backordered,
}

crate::sorts::rows_sorted!(BackorderSort => BackordersSorted);

impl BackorderFilter {
    /// The filter as rows understand it. IDs of another kind are refused with their path.
    pub(super) fn read(self) -> Answer<Nested<BackorderTests>> {
        read_nested(self, &mut Self::tests)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<BackorderTests> {
        let stores = ids::<kind::StoreId>(self.store, &below(at, "store"))?;
        let channels = ids::<kind::ChannelId>(self.channel, &below(at, "channel"))?;
        let mut orders: Vec<Filter> = stores.into_iter().map(|ids| Filter::Ids(IdColumn::Store, ids)).collect();
        orders.extend(channels.into_iter().map(|ids| Filter::Ids(IdColumn::Channel, ids)));
        orders.extend(self.placed_at.map(|test| Filter::PlacedAt(span(&test))));
        let (least, most) = self.backordered.unwrap_or_default().range();
        Ok(BackorderTests {
            orders: Filter::All(orders),
            products: ids::<kind::ProductId>(self.product, &below(at, "product"))?,
            skus: texts(self.sku, &below(at, "sku"))?,
            least,
            most,
        })
    }
}
