//! Product families.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject};
use inventory::catalog::{
    core::family::{FamilyRow, option_names},
    rows::families::{FamilySort as By, FamilySorted},
};
use macros::resolvers;

use super::{loads::catalog_loaders, page::Direction, product::Product};
use crate::{
    connection,
    graphql::{
        directives::cost,
        fault::Answer,
        scalars::{DateTime, Long},
    },
    sorts::{UNINDEXED, rows_sorted},
};

/// Variants: products that differ by the values of these options.
#[derive(Clone)]
pub struct ProductFamily(pub Arc<FamilyRow>);

/// Variants: products that differ by the values of these options.
#[resolvers(shared)]
impl ProductFamily {
    /// TypeID of the family, which begins with fam_.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// Name of the family.
    async fn name(&self) -> &str {
        &self.0.name
    }
    /// The options that each variant has a value for, in order.
    async fn option_names(&self) -> Vec<String> {
        option_names(&self.0.option_names).unwrap_or_default()
    }
    /// Variants of the family, by SKU.
    #[field(permit = ProductRead)]
    async fn products(&self, ctx: &Context<'_>) -> Answer<Vec<Product>> {
        Ok(catalog_loaders(ctx)?.variants(self.0.id).await?.iter().cloned().map(Product::from).collect())
    }
    tagged!("family", self.0.id, ProductRead);
    /// Time since which the family is archived; null while it is in use.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime)
    }
    /// Version of the family: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change of the family.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
    /// Time at which the family was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
}

connection!(counted ProductFamilyConnection, ProductFamilyEdge, ProductFamily, "product families");

/// Sort order of a list of product families; families with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ProductFamilySort {
    /// Field by which the families are sorted.
    pub field: ProductFamilySortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which product families can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductFamilySortField {
    /// Name of the family. Capitals of the letters A to Z do not count; other letters come after Z.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    Name,
    /// Time at which the family was created.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    CreatedAt,
    /// Time at which the family last changed.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    UpdatedAt,
}

impl From<ProductFamilySortField> for By {
    fn from(field: ProductFamilySortField) -> Self {
        match field {
            ProductFamilySortField::Name => Self::Name,
            ProductFamilySortField::CreatedAt => Self::CreatedAt,
            ProductFamilySortField::UpdatedAt => Self::UpdatedAt,
        }
    }
}
rows_sorted!(ProductFamilySort => FamilySorted);
