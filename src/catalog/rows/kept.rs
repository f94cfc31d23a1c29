//! What of the catalogue is remembered outside the database (room `cache`): what each row weighs.

use std::mem::size_of_val;

use crate::{
    cache::Cached,
    catalog::core::{category::CategoryRow, product::ProductRow, store::StoreRow, supplier::SupplierRow},
};

impl Cached for ProductRow {
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
        size_of_val(self) + texts.into_iter().map(String::len).sum::<usize>() + description
    }
}

impl Cached for StoreRow {
    fn weight(&self) -> usize {
        size_of_val(self) + self.code.len() + self.code_key.len() + self.name.len() + self.time_zone.len()
    }
}

impl Cached for CategoryRow {
    fn weight(&self) -> usize {
        size_of_val(self)
            + self.name.len()
            + self.slug.len()
            + self.metadata.len()
            + self.image_url.as_ref().map_or(0, String::len)
    }
}

impl Cached for SupplierRow {
    fn weight(&self) -> usize {
        size_of_val(self) + self.code.len() + self.code_key.len() + self.name.len() + self.email.as_ref().map_or(0, String::len)
    }
}
