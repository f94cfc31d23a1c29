//! Quantity of an entry that a reversal mirrors.

use sea_orm::entity::prelude::*;

use crate::{prelude::*, record::Record};

#[derive(Debug, Clone, PartialEq, Eq, DeriveEntityModel, Record)]
#[sea_orm(table_name = "document_reversal_line")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub reversal_id: ReversalId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The document's line; the product where lines have no ids.
    pub line_id: Uuid,
    /// The movement that was reversed, and its line.
    pub movement_id: MovementId,
    pub movement_line: i32,
    pub product_id: ProductId,
    pub quantity: i64,
    /// The movement that reverses it.
    pub mirror_id: MovementId,
}
