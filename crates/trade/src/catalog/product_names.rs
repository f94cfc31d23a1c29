//! References in the inputs of products.

use std::mem::take;

use platform::path;

use super::inputs::{ProductBulkUpsertInput, ProductCreateInput, ProductUpdateInput};
use crate::references::Names;

impl ProductCreateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .optional(("category", self.category.take()), ("categoryId", &mut self.category_id))
            .optional(("supplier", self.supplier.take()), ("supplierId", &mut self.supplier_id))
            .optional(("family", self.family.take()), ("familyId", &mut self.family_id))
    }
}

impl ProductUpdateInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .patch(("category", take(&mut self.category)), ("categoryId", &mut self.category_id))
            .patch(("supplier", take(&mut self.supplier)), ("supplierId", &mut self.supplier_id))
            .patch(("family", take(&mut self.family)), ("familyId", &mut self.family_id))
    }
}

impl ProductBulkUpsertInput {
    pub fn names(&mut self) -> Names<'_> {
        let rows = self.rows.iter_mut().enumerate();
        rows.fold(Names::of(path!["input"]), |names, (index, row)| {
            let row = Names::of(path!["input", "rows", index])
                .patch(("category", take(&mut row.category)), ("categoryId", &mut row.category_id))
                .patch(("supplier", take(&mut row.supplier)), ("supplierId", &mut row.supplier_id))
                .patch(("family", take(&mut row.family)), ("familyId", &mut row.family_id));
            names.and(row)
        })
    }
}
