//! Categories and suppliers in one statement, for pages of products that select both.

use entity::{
    category,
    prelude::*,
    record::{Record, Selected},
    supplier,
};
use platform::storage::{Fault, Reads, Row};
use uuid::Uuid;

/// Each row of the statement begins with the number of its table. Columns of the tables share
/// positions and have equal types: id, parent, names, texts, a number, a moment, counters, texts;
/// columns of only one table come last.
#[derive(Record)]
struct CategorySide {
    #[record(sql = "0")]
    _table: i32,
    row: CategoryRow,
    #[record(sql = "NULL")]
    _payment_terms: Option<String>,
    #[record(sql = "NULL")]
    _merged_into: Option<Uuid>,
    #[record(sql = "NULL")]
    _minimum_order_minor: Option<i64>,
    #[record(sql = "NULL")]
    _minimum_order_currency: Option<String>,
    #[record(sql = "NULL")]
    _calendar: Option<String>,
}

#[derive(Record)]
#[record(of = category, alias = "")]
struct CategoryRow {
    id: CategoryId,
    parent_id: Option<CategoryId>,
    name: String,
    slug: String,
    image_url: Option<String>,
    metadata: String,
    position: i32,
    archived_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    description: Option<String>,
    seo_title: Option<String>,
    seo_description: Option<String>,
    is_active: bool,
}

#[derive(Record)]
struct SupplierSide {
    #[record(sql = "1")]
    _table: i32,
    #[record(of = supplier, alias = "")]
    id: SupplierId,
    #[record(sql = "NULL")]
    _parent: Option<Uuid>,
    row: SupplierRow,
    #[record(sql = "NULL")]
    _is_active: Option<bool>,
    #[record(of = supplier, alias = "")]
    payment_terms: Option<String>,
    #[record(of = supplier, alias = "")]
    merged_into: Option<SupplierId>,
    #[record(of = supplier, alias = "")]
    minimum_order_minor: Option<i64>,
    #[record(of = supplier, alias = "")]
    minimum_order_currency: Option<String>,
    #[record(of = supplier, alias = "")]
    calendar: Option<String>,
}

#[derive(Record)]
#[record(of = supplier, alias = "")]
struct SupplierRow {
    name: String,
    code: String,
    email: Option<String>,
    code_key: String,
    lead_time_days: Option<i32>,
    archived_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    contacts: String,
    address: Option<String>,
    tax_ids: String,
}

/// The categories and the suppliers of these ids, in no order.
pub async fn by_ids(
    reads: &impl Reads,
    categories: &[CategoryId],
    suppliers: &[SupplierId],
) -> Result<(Vec<category::Model>, Vec<supplier::Model>), Fault> {
    let (mut found_categories, mut found_suppliers) = (Vec::new(), Vec::new());
    if categories.is_empty() && suppliers.is_empty() {
        return Ok((found_categories, found_suppliers));
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM category WHERE tenant_id = $1 AND {}
         UNION ALL
         SELECT {} FROM supplier WHERE tenant_id = $1 AND {}",
        CategorySide::SELECT,
        backend.in_ids("id", 2),
        SupplierSide::SELECT,
        backend.in_ids("id", 3)
    );
    let values = vec![backend.ids(categories.iter().copied()), backend.ids(suppliers.iter().copied())];
    for row in &reads.rows(&sql, values).await? {
        if Row::scalar::<i32>(row)? == 0 {
            found_categories.push(Row::new(row).record::<CategorySide>()?.row.category(reads.tenant()));
        } else {
            found_suppliers.push(Row::new(row).record::<SupplierSide>()?.supplier(reads.tenant()));
        }
    }
    Ok((found_categories, found_suppliers))
}

impl CategoryRow {
    fn category(self, tenant: TenantId) -> category::Model {
        category::Model {
            tenant_id: tenant,
            id: self.id,
            parent_id: self.parent_id,
            name: self.name,
            slug: self.slug,
            image_url: self.image_url,
            metadata: self.metadata,
            position: self.position,
            archived_at: self.archived_at,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            description: self.description,
            seo_title: self.seo_title,
            seo_description: self.seo_description,
            is_active: self.is_active,
        }
    }
}

impl SupplierSide {
    fn supplier(self, tenant: TenantId) -> supplier::Model {
        let Self { id, row, payment_terms, merged_into, minimum_order_minor, minimum_order_currency, calendar, .. } = self;
        supplier::Model {
            tenant_id: tenant,
            id,
            code: row.code,
            code_key: row.code_key,
            name: row.name,
            lead_time_days: row.lead_time_days,
            email: row.email,
            archived_at: row.archived_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            contacts: row.contacts,
            address: row.address,
            tax_ids: row.tax_ids,
            payment_terms,
            merged_into,
            minimum_order_minor,
            minimum_order_currency,
            calendar,
        }
    }
}
