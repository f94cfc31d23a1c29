//! Sizes of products and their names in the cache (room `cache`); other rows implement `CachedEntity`
//! themselves.

use std::mem::size_of_val;

use platform::cache::CachedEntity;

use super::product::ProductName;
use crate::catalog::core::product::ProductRow;

impl CachedEntity for ProductName {
    /// Whole products are.
    const IS_SHARED: bool = false;

    fn weight(&self) -> usize {
        size_of_val(self) + self.sku.len() + self.name.len()
    }
}

impl CachedEntity for ProductRow {
    fn weight(&self) -> usize {
        let texts = [
            &self.sku,
            &self.sku_key,
            &self.name,
            &self.name_key,
            &self.options,
            &self.former_skus,
            &self.unit_code,
            &self.metadata,
        ];
        let description = self.description.as_ref().map_or(0, String::len);
        size_of_val(self) + texts.into_iter().map(String::len).sum::<usize>() + description + self.goods.weight()
    }
}
