//! Sorts of lists of levels: columns, cursors, and the bounds of a page.

use platform::paging::{Key, PageRequest};

use super::level_row::LevelRow;

/// Sort of a list of levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelSort {
    ProductSku,
    ProductName,
    StoreCode,
    Available,
    OnHand,
    UpdatedAt,
}

impl LevelSort {
    /// Names the sort in cursors.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ProductSku => "ProductSku",
            Self::ProductName => "ProductName",
            Self::StoreCode => "StoreCode",
            Self::Available => "Available",
            Self::OnHand => "OnHand",
            Self::UpdatedAt => "UpdatedAt",
        }
    }
    pub const fn column(self) -> &'static str {
        match self {
            Self::ProductSku => "p.sku_key",
            Self::ProductName => "p.name_key",
            Self::StoreCode => "s.code_key",
            Self::Available => "(l.on_hand - l.unavailable - l.reserved)",
            Self::OnHand => "l.on_hand",
            Self::UpdatedAt => "l.updated_at",
        }
    }
    /// Returns the column that breaks ties. Levels of a store have an index by their products.
    pub const fn tie_breaker(self) -> &'static str {
        match self {
            Self::StoreCode => "l.product_id",
            _ => "l.id",
        }
    }
    /// Returns the cursor key that orders levels with equal values.
    pub fn tie_key(self, level: &LevelRow) -> Key {
        match self {
            Self::StoreCode => level.key.product.into(),
            _ => level.id.into(),
        }
    }
    /// Returns the join with the table of the column, if lists of levels do not have it.
    pub(super) const fn join(self) -> &'static str {
        match self {
            Self::StoreCode => " JOIN store s ON s.tenant_id = l.tenant_id AND s.id = l.store_id",
            _ => "",
        }
    }
    /// Whether it is a text of the product or the store.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::ProductSku | Self::ProductName | Self::StoreCode)
    }
    /// Returns the bounds of a page on the text column alone, beside the row values that `keyset`
    /// compares from parameter `next` on: those are of two tables, so that Postgres would use no
    /// index for them.
    pub fn text_bounds(self, descending: bool, request: &PageRequest, next: usize) -> String {
        let (mut sql, mut number) = (String::new(), next);
        let (after, before) = if descending { ("<=", ">=") } else { (">=", "<=") };
        for (keys, operator) in [(&request.after, after), (&request.before, before)] {
            let Some(keys) = keys.as_ref().filter(|_| self.is_text()) else { continue };
            sql += &format!(" AND {} {operator} ${number}", self.column());
            number += keys.len();
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_a_text_take_the_parameters_of_the_row_values() {
        let keys = || Some(vec![Key::Text("mug".to_owned()), Key::Int(1)]);
        let request = PageRequest { limit: 10, backward: false, after: keys(), before: keys() };
        let bounds = |sort: LevelSort, descending| sort.text_bounds(descending, &request, 4);
        assert_eq!(bounds(LevelSort::ProductName, false), " AND p.name_key >= $4 AND p.name_key <= $6");
        assert_eq!(bounds(LevelSort::StoreCode, true), " AND s.code_key <= $4 AND s.code_key >= $6");
        assert_eq!(bounds(LevelSort::OnHand, false), "");
        let first = PageRequest { after: None, before: None, ..request.clone() };
        assert_eq!(LevelSort::ProductSku.text_bounds(false, &first, 4), "");
    }
}
