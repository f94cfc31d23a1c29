//! Objects that other rows refer to, written straight to JSON.

use inventory::catalog::{
    core::{channel::ChannelRow, customer::CustomerRow, store::StoreRow},
    rows::product::ProductName,
};

use crate::graphql::direct_json::{Json, SelectionView};

/// Fields that are written of the objects that other rows refer to.
pub const STORE_FIELDS: [&str; 8] = ["id", "code", "name", "kind", "timeZone", "archivedAt", "version", "updatedAt"];
pub const CHANNEL_FIELDS: [&str; 6] = ["id", "code", "name", "archivedAt", "version", "updatedAt"];
/// The contact data requires a permission, so it is not written here.
pub const CUSTOMER_FIELDS: [&str; 6] = ["id", "externalRef", "name", "country", "version", "updatedAt"];
/// Fields that `write_product_name` writes.
pub const NAMES: [&str; 3] = ["id", "sku", "name"];

/// Writes a product that another object refers to, if only fields of `NAMES` are selected.
pub fn write_product_name(out: &mut Json, row: &ProductName, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "sku" => out.text(&row.sku),
            "name" => out.text(&row.name),
            _ => return None,
        }
        Some(())
    })
}

/// A store that something else refers to.
pub fn write_store(out: &mut Json, row: &StoreRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "code" => out.text(&row.code),
            "name" => out.text(&row.name),
            "kind" => out.word(row.kind.as_str()),
            "timeZone" => out.text(&row.time_zone),
            "archivedAt" => out.option(row.archived_at, Json::time),
            "version" => out.number(row.version),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}

/// A channel that something else refers to.
pub fn write_channel(out: &mut Json, row: &ChannelRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "code" => out.text(&row.code),
            "name" => out.text(&row.name),
            "archivedAt" => out.option(row.archived_at, Json::time),
            "version" => out.number(row.version),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}

/// A customer that something else refers to; how to reach them is behind a permission, so it is not written here.
pub fn write_customer(out: &mut Json, row: &CustomerRow, selection: SelectionView<'_>) -> Option<()> {
    selection.object(out, |out, field, _| {
        match field {
            "id" => out.id(row.id),
            "externalRef" => out.option(row.external_ref.as_deref(), Json::text),
            "name" => out.option(row.name.as_deref(), Json::text),
            "country" => out.option(row.country.as_deref(), Json::text),
            "version" => out.number(row.version),
            "updatedAt" => out.time(row.updated_at),
            _ => return None,
        }
        Some(())
    })
}
