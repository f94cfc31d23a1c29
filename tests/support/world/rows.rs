//! Rows of a tenant, with what a test does not state: `product::Model { price_minor: Some(255), ..rows::product(tenant, id, "MUG", now) }`.

use entity::{channel, customer, prelude::*, product, store, tenant};
use entrepot::storage::{Database, journal};

/// Inserts a tenant whose journal has begun. More rows may be added in its transaction, which is not committed yet.
pub async fn begin_tenant(db: &Database, row: tenant::Model, epoch: uuid::Uuid) -> entrepot::storage::Work {
    let work = db.global().maintenance_for(row.id).await.unwrap();
    work.insert_global::<tenant::Entity>(row).await.unwrap();
    journal::begin_tenant(&work, epoch).await.unwrap();
    work
}

/// A tenant of London, named as its slug.
pub fn tenant(id: TenantId, slug: &str, now: Timestamp) -> tenant::Model {
    tenant::Model {
        id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        default_currency: "GBP".to_owned(),
        time_zone: "Europe/London".to_owned(),
        mfa_required: false,
        sandbox: false,
        closed_through: None,
        reservation_seconds: 900,
        created_at: now,
    }
}

/// A shop in London, named as its code.
pub fn store(tenant_id: TenantId, id: StoreId, code: &str, now: Timestamp) -> store::Model {
    store::Model {
        tenant_id,
        id,
        code: code.to_owned(),
        code_key: code.to_lowercase(),
        name: code.to_owned(),
        kind: StoreKind::Shop,
        time_zone: "Europe/London".to_owned(),
        archived_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
        contacts: "[]".to_owned(),
        address: None,
        tax_ids: "[]".to_owned(),
        payment_terms: None,
        handling_time: "{}".to_owned(),
        anomaly_limits: "{}".to_owned(),
    }
}

/// A channel, named as its code.
pub fn channel(tenant_id: TenantId, id: ChannelId, code: &str, now: Timestamp) -> channel::Model {
    channel::Model {
        tenant_id,
        id,
        code: code.to_owned(),
        code_key: code.to_lowercase(),
        name: code.to_owned(),
        archived_at: None,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

/// Ada, of no country.
pub fn customer(tenant_id: TenantId, id: CustomerId, now: Timestamp) -> customer::Model {
    customer::Model {
        tenant_id,
        id,
        external_ref: None,
        name: Some("Ada".to_owned()),
        country: None,
        email: None,
        version: 1,
        created_at: now,
        updated_at: now,
        merged_into: None,
        tags: "[]".to_owned(),
        archived_at: None,
        particulars: entity::customer::CustomerDetails::default(),
        is_lost: false,
    }
}

/// A tracked product sold by the piece, named as its SKU, without a price and a cost.
pub fn product(tenant_id: TenantId, id: ProductId, sku: &str, now: Timestamp) -> product::Model {
    product::Model {
        tenant_id,
        id,
        sku: sku.to_owned(),
        sku_key: sku.to_lowercase(),
        name: sku.to_owned(),
        name_key: sku.to_lowercase(),
        description: None,
        status: ProductStatus::Active,
        stock_policy: StockPolicy::Tracked,
        category_id: None,
        supplier_id: None,
        family_id: None,
        options: "[]".to_owned(),
        former_skus: "[]".to_owned(),
        unit_code: "each".to_owned(),
        unit_decimals: 0,
        price_minor: None,
        price_currency: None,
        cost_minor: None,
        cost_currency: None,
        low_stock_threshold: None,
        metadata: "{}".to_owned(),
        search_text: sku.to_lowercase(),
        version: 1,
        created_at: now,
        updated_at: now,
    }
}
