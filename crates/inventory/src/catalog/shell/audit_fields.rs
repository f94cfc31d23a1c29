//! Fields of the catalogue's rows that the audit log compares, under the names that the API gives
//! them. Versions, times and keys that follow from other fields are left out.

use iam::access::{code, kind};
use platform::{
    audit::{Fields, money},
    clock,
};
use serde_json::{Value, json};

use crate::catalog::core::{
    anomaly_limits::AnomalyLimits,
    calendar::{ClosedDay, SupplierCalendar},
    category::CategoryRow,
    channel::ChannelRow,
    customer::{CustomerRow, tags_of},
    family::FamilyRow,
    handling::HandlingTime,
    kit::{Component, KitDoc},
    product::{Barcode, ProductDoc, ProductRow},
    store::StoreRow,
    supplier::SupplierRow,
};

const CUSTOMER: &str = code::<kind::CustomerRead>();
const CONTACT: &str = code::<kind::CustomerContactRead>();
const COST: &str = code::<kind::ProductCostRead>();

/// A column of JSON text; a broken one counts as null.
fn parse_or_null(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

pub(super) fn product(doc: &ProductDoc) -> Fields {
    let barcode = |barcode: &Barcode| json!({ "code": barcode.code, "packQuantity": barcode.pack_quantity });
    of_product(&doc.row).with("barcodes", doc.barcodes.iter().map(barcode).collect::<Vec<_>>())
}

pub(super) fn kit(doc: &KitDoc) -> Fields {
    let component = |part: &Component| json!({ "productId": part.product, "quantity": part.quantity });
    of_product(&doc.row).with("components", doc.components.iter().map(component).collect::<Vec<_>>())
}

fn of_product(row: &ProductRow) -> Fields {
    let fields = Fields::default()
        .with("sku", &row.sku)
        .with("name", &row.name)
        .with("description", &row.description)
        .with("status", row.status)
        .with("stockPolicy", row.stock_policy)
        .with("categoryId", row.category_id)
        .with("supplierId", row.supplier_id)
        .with("familyId", row.family_id)
        .with("options", parse_or_null(&row.options))
        .with("unit", json!({ "code": row.unit_code, "decimals": row.unit_decimals }))
        .with("price", money(row.price))
        .masked("unitCost", COST, money(row.unit_cost))
        .with("lowStockThreshold", row.low_stock_threshold)
        .with("tracking", row.tracking)
        .with("minimumRemainingDays", row.minimum_remaining_days);
    let fields = row.goods.named_fields().into_iter().fold(fields, |fields, (name, value)| fields.with(name, value));
    fields.with("tags", &row.goods.tags).with("metadata", parse_or_null(&row.metadata))
}

pub(super) fn category(row: &CategoryRow) -> Fields {
    Fields::default()
        .with("name", &row.name)
        .with("slug", &row.slug)
        .with("parentId", row.parent_id)
        .with("position", row.position)
        .with("imageUrl", &row.image_url)
        .with("metadata", parse_or_null(&row.metadata))
        .with("description", &row.description)
        .with("seoTitle", &row.seo_title)
        .with("seoDescription", &row.seo_description)
        .with("isActive", row.is_active)
        .with("archivedAt", row.archived_at.map(clock::rfc3339))
}

pub(super) fn family(row: &FamilyRow) -> Fields {
    Fields::default()
        .with("name", &row.name)
        .with("optionNames", parse_or_null(&row.option_names))
        .with("archivedAt", row.archived_at.map(clock::rfc3339))
}

pub(super) fn supplier(row: &SupplierRow) -> Fields {
    Fields::default()
        .with("code", &row.code)
        .with("name", &row.name)
        .with("leadTimeDays", row.lead_time_days)
        .with("email", &row.email)
        .with("contacts", parse_or_null(&row.contacts))
        .with("address", row.address.as_deref().map(parse_or_null))
        .with("taxIds", parse_or_null(&row.tax_ids))
        .with("paymentTerms", row.payment_terms.as_deref().map(parse_or_null))
        .with("minimumOrderValue", money(row.minimum_order()))
        .with("calendar", row.calendar.as_deref().map(calendar))
        .with("archivedAt", row.archived_at.map(clock::rfc3339))
        .with("mergedInto", row.merged_into)
}

fn calendar(text: &str) -> Value {
    let calendar = SupplierCalendar::read(Some(text));
    let closed = |closed: &ClosedDay| json!({ "date": clock::day_text(closed.day), "name": closed.name });
    let closed_days: Vec<Value> = calendar.closed_days.iter().map(closed).collect();
    json!({ "orderDays": calendar.order_days, "deliveryDays": calendar.delivery_days, "closedDays": closed_days })
}

pub(super) fn store(row: &StoreRow) -> Fields {
    Fields::default()
        .with("code", &row.code)
        .with("name", &row.name)
        .with("kind", row.kind)
        .with("timeZone", &row.time_zone)
        .with("contacts", parse_or_null(&row.contacts))
        .with("address", row.address.as_deref().map(parse_or_null))
        .with("taxIds", parse_or_null(&row.tax_ids))
        .with("paymentTerms", row.payment_terms.as_deref().map(parse_or_null))
        .with("handlingTime", HandlingTime::read(&row.handling_time).map(|_| parse_or_null(&row.handling_time)))
        .with("anomalyLimits", AnomalyLimits::read(&row.anomaly_limits).map(|_| parse_or_null(&row.anomaly_limits)))
        .with("archivedAt", row.archived_at.map(clock::rfc3339))
}

pub(super) fn channel(row: &ChannelRow) -> Fields {
    Fields::default().with("code", &row.code).with("name", &row.name).with("archivedAt", row.archived_at.map(clock::rfc3339))
}

/// The country stays when a customer is erased, and is no personal data.
pub(super) fn customer(row: &CustomerRow) -> Fields {
    Fields::default()
        .personal("externalRef", CUSTOMER, &row.external_ref)
        .personal("name", CUSTOMER, &row.name)
        .masked("country", CUSTOMER, &row.country)
        .personal("email", CUSTOMER, &row.email)
        .personal("contacts", CONTACT, row.particulars.contacts.as_deref().map(parse_or_null))
        .personal("addresses", CONTACT, row.particulars.addresses.as_deref().map(parse_or_null))
        .personal("taxIds", CONTACT, row.particulars.tax_ids.as_deref().map(parse_or_null))
        .personal("paymentTerms", CONTACT, row.particulars.payment_terms.as_deref().map(parse_or_null))
        .personal("tags", CUSTOMER, Some(tags_of(row)).filter(|tags| !tags.is_empty()))
        .with("archivedAt", row.archived_at.map(clock::rfc3339))
        .with("mergedInto", row.merged_into)
}

#[cfg(test)]
mod tests {
    use entity::prelude::*;
    use platform::audit::fields::differences;

    use super::*;

    #[test]
    fn a_forgotten_customer_leaves_no_value_but_the_country() {
        let row = CustomerRow {
            tenant_id: TenantId::NIL,
            id: CustomerId::NIL,
            external_ref: Some("C-1".to_owned()),
            name: Some("Ada".to_owned()),
            country: Some("GB".to_owned()),
            email: Some("ada@example.com".to_owned()),
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            merged_into: None,
            tags: "[\"VIP\"]".to_owned(),
            archived_at: None,
            particulars: entity::customer::CustomerDetails {
                contacts: Some("[{\"name\":\"Byron\"}]".to_owned()),
                ..entity::customer::CustomerDetails::default()
            },
            is_lost: false,
        };
        let made = differences(None, Some(&customer(&row)), None);
        let plain: Vec<&Value> = made.iter().filter(|field| !field["after"].is_null()).map(|field| &field["path"]).collect();
        assert_eq!((made.len(), plain), (6, vec![&json!("country")]));
    }
}
