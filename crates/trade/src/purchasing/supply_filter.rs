//! Filter of the suppliers' catalogues, as clients write it.

use async_graphql::InputObject;
use inventory::purchasing::rows::SupplyFilter;
use platform::storage::Nested;

use crate::{
    catalog::{moments, texts},
    graphql::{
        archived::IsArchived,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::below,
};

/// Rows of suppliers' catalogues that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SupplierProductFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<SupplierProductFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<SupplierProductFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<SupplierProductFilter>>,
    /// Suppliers to include. Null for all.
    pub supplier: Option<IdFilter>,
    /// Products to include. Null for all.
    pub product: Option<IdFilter>,
    /// SKU of the product, in any spelling of capitals. Null for all.
    pub sku: Option<StringFilter>,
    /// The supplier's own SKU, compared exactly. A row without one does not match. Null for all.
    pub supplier_sku: Option<StringFilter>,
    /// Barcode of the product. A whole code is compared as a GTIN, with or without leading zeros; a part of one as it is printed. Null for all.
    pub barcode: Option<StringFilter>,
    /// True for archived rows only, false for those in use, null for both. Default false for a whole filter: left out everywhere in it, only those in
    /// use match; left out in a part of a filter whose other parts say it, that part matches both.
    #[graphql(default_with = "IsArchived::LeftOut")]
    pub is_archived: IsArchived,
    /// Time at which the row was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the row last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(SupplierProductFilter);
crate::keyed_filter!(
    SupplierProductFilter, "supplier" supplier SupplierCode, "product" product ProductSku;
    [] "createdAt" created_at, "updatedAt" updated_at
);

impl SupplierProductFilter {
    /// The filter as rows understand it.
    pub(super) fn read(self) -> Answer<Nested<SupplyFilter>> {
        let in_use = IsArchived::default_of(&self, |part| part.is_archived);
        let mut filter = read_nested(self, &mut Self::tests)?;
        if in_use.is_some() {
            filter.own.is_archived = in_use;
        }
        Ok(filter)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<SupplyFilter> {
        Ok(SupplyFilter {
            suppliers: self.supplier.map(|filter| filter.ids(&field_path(at, "supplier"))).transpose()?.flatten(),
            products: self.product.map(|filter| filter.ids(&field_path(at, "product"))).transpose()?.flatten(),
            skus: texts(self.sku, &below(at, "sku"))?,
            supplier_skus: texts(self.supplier_sku, &below(at, "supplierSku"))?,
            barcodes: texts(self.barcode, &below(at, "barcode"))?,
            is_archived: self.is_archived.as_condition(),
            created: moments(self.created_at),
            updated: moments(self.updated_at),
        })
    }
}
