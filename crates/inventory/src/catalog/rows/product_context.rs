//! Loads the database state for a call's products, in a few statements regardless of their number.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables,
};
use platform::storage::{Fault, Finds, Reads, Work};

use super::{
    product::{self, BarcodeRow, CatalogProductRow},
    uses,
};
use crate::catalog::core::{
    Patch, RowUsage,
    family::option_names,
    gtin,
    product::{
        Barcode, ExistingProduct, ProductCommand, ProductContext, ProductDoc, ProductOption, ProductRow, Unit, variant_key,
    },
};

#[derive(Record)]
#[record(of = tables::product_family, alias = "f")]
struct FamilyRow {
    id: FamilyId,
    option_names: String,
    archived_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = tables::product, alias = "p")]
struct VariantRow {
    #[record(not_null)]
    family_id: FamilyId,
    options: String,
    id: ProductId,
}

/// Loads and locks what `commands` need.
pub async fn load(work: &Work, commands: &[ProductCommand]) -> Result<ProductContext, Fault> {
    let mut context = ProductContext::default();
    let referenced_ids =
        |pick: fn(&ProductCommand) -> Option<uuid::Uuid>| commands.iter().filter_map(pick).collect::<HashSet<_>>();
    // Locked before the products, as by merges of suppliers: no product gets a supplier that is
    // merged meanwhile.
    let lock = work.backend().for_reference("supplier");
    context.suppliers =
        load_existing(work, ("supplier", &lock), referenced_ids(|c| c.supplier_id.set().map(|id| id.uuid()))).await?;
    let docs = targets(work, commands).await?;
    barcodes(work, commands, docs, &mut context).await?;
    let mut categories = referenced_ids(|c| c.category_id.set().map(|id| id.uuid()));
    // An archived product may be restored, but not into an archived category: its category is
    // checked too.
    let archived_rows =
        context.products.values().map(|product| &product.doc.row).filter(|row| row.status == ProductStatus::Archived);
    categories.extend(archived_rows.filter_map(|row| row.category_id).map(Id::uuid));
    context.categories = load_existing(work, ("category", ""), categories).await?;
    families(work, commands, &mut context).await?;
    load_blocking_uses(work, commands, &mut context).await?;
    Ok(context)
}

/// Returns the products that commands change, or whose SKU they want; locked in the order of their
/// IDs.
async fn targets(work: &Work, commands: &[ProductCommand]) -> Result<Vec<ProductRow>, Fault> {
    let ids: Vec<ProductId> = commands.iter().filter_map(|c| c.target.id()).collect();
    let keys: Vec<&str> = commands.iter().filter_map(|c| c.sku.set()).map(|sku| sku.key.as_str()).collect();
    let backend = work.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND ({} OR {}) ORDER BY p.id{}",
        CatalogProductRow::SELECT,
        backend.in_ids("p.id", 2),
        backend.in_texts("p.sku_key", 3),
        backend.for_change("p")
    );
    product::select_products(work, &sql, vec![backend.ids(ids), backend.texts(keys)]).await
}

async fn barcodes(
    work: &Work,
    commands: &[ProductCommand],
    rows: Vec<ProductRow>,
    context: &mut ProductContext,
) -> Result<(), Fault> {
    let codes: Vec<String> =
        commands.iter().filter_map(|c| c.barcodes.set()).flatten().map(|barcode| gtin::key(&barcode.code)).collect();
    let mut existing: HashMap<ProductId, ExistingProduct> = HashMap::new();
    for row in rows {
        context.by_sku.insert(row.sku_key.clone(), row.id);
        let doc = ProductDoc { row, barcodes: Vec::new() };
        existing.insert(doc.row.id, ExistingProduct { doc, uses: Vec::new(), quantities: Vec::new(), has_moved: false });
    }
    context.products = existing;
    if context.products.is_empty() && codes.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    let sql = format!(
        "SELECT {} FROM barcode WHERE tenant_id = $1 AND ({} OR {}) ORDER BY product_id, position",
        BarcodeRow::SELECT,
        backend.in_ids("product_id", 2),
        backend.in_texts("code_key", 3)
    );
    let values = vec![backend.ids(context.products.keys().copied()), backend.texts(codes.iter().map(String::as_str))];
    for BarcodeRow { product_id: id, code, pack_quantity } in work.records(&sql, values).await? {
        context.by_barcode.insert(gtin::key(&code), id);
        if let Some(existing) = context.products.get_mut(&id) {
            existing.doc.barcodes.push(Barcode { code, pack_quantity });
        }
    }
    Ok(())
}

#[derive(Record)]
struct ArchivableRow {
    #[record(sql = "id")]
    id: uuid::Uuid,
    #[record(sql = "archived_at")]
    archived_at: Option<Timestamp>,
}

/// Returns those of the IDs that the table has, with the time at which each was archived.
async fn load_existing<K: Send + 'static>(
    work: &Work,
    (table, lock): (&str, &str),
    ids: HashSet<uuid::Uuid>,
) -> Result<HashMap<Id<K>, Option<Timestamp>>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = work.backend();
    let (select, condition) = (ArchivableRow::SELECT, backend.in_ids("id", 2));
    let sql = format!("SELECT {select} FROM {table} WHERE tenant_id = $1 AND {condition} ORDER BY id{lock}");
    let rows = work.records::<ArchivableRow>(&sql, vec![backend.ids(ids.into_iter().map(Id::<K>::from_uuid))]).await?;
    Ok(rows.into_iter().map(|row| (Id::from_uuid(row.id), row.archived_at)).collect())
}

/// Returns the families that commands add products to, or whose variants they change, with the
/// combinations that are taken.
async fn families(work: &Work, commands: &[ProductCommand], context: &mut ProductContext) -> Result<(), Fault> {
    let mut ids: HashSet<FamilyId> = commands.iter().filter_map(|c| c.family_id.set().copied()).collect();
    let changes_options = commands.iter().any(|c| !c.options.is_keep());
    // An archived product may be restored, but not into an archived family: its family is checked
    // too.
    let existing = context.products.values().map(|existing| &existing.doc.row);
    ids.extend(existing.filter(|row| changes_options || row.status == ProductStatus::Archived).filter_map(|row| row.family_id));
    if ids.is_empty() {
        return Ok(());
    }
    let backend = work.backend();
    // Locked, so that two new variants of one family cannot take the same combination at once.
    let sql = format!(
        "SELECT {} FROM product_family f WHERE f.tenant_id = $1 AND {} ORDER BY f.id{}",
        FamilyRow::SELECT,
        backend.in_ids("f.id", 2),
        backend.for_change("f")
    );
    for FamilyRow { id, option_names: names, archived_at } in work.records(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let names = option_names(&names).ok_or_else(|| Fault::corrupt("product_family", "option_names is a list of texts"))?;
        context.families.insert(id, names);
        context.families_since.insert(id, archived_at);
    }
    let (select, condition) = (VariantRow::SELECT, backend.in_ids("p.family_id", 2));
    let sql = format!("SELECT {select} FROM product p WHERE p.tenant_id = $1 AND {condition}");
    for row in work.records::<VariantRow>(&sql, vec![backend.ids(ids)]).await? {
        let options: Vec<ProductOption> = serde_json::from_str(&row.options).unwrap_or_default();
        context.combinations.insert((row.family_id, variant_key(&options)), row.id);
    }
    Ok(())
}

/// Loads the uses that forbid archiving or a change of unit, policy or tracking, if a command does
/// one of these.
async fn load_blocking_uses(work: &Work, commands: &[ProductCommand], context: &mut ProductContext) -> Result<(), Fault> {
    let target = |c: &ProductCommand| c.target.id().or_else(|| c.sku.set().and_then(|sku| context.by_sku.get(&sku.key)).copied());
    let before = |c: &ProductCommand| target(c).and_then(|id| context.products.get(&id)).map(|existing| &existing.doc.row);
    let new_unit = |c: &&ProductCommand| {
        let changed = |(unit, row): (&Unit, &ProductRow)| (&unit.code, unit.decimals) != (&row.unit_code, row.unit_decimals);
        c.unit.set().zip(before(c)).is_some_and(changed)
    };
    let new_tracking = |c: &&ProductCommand| {
        c.tracking.set().zip(before(c)).is_some_and(|(requested_tracking, row)| *requested_tracking != row.tracking)
    };
    let new_policy =
        |c: &&ProductCommand| c.stock_policy.set().zip(before(c)).is_some_and(|(policy, row)| *policy != row.stock_policy);
    let needs_uses = |c: &&ProductCommand| c.status == Patch::Set(ProductStatus::Archived) || new_policy(c) || new_unit(c);
    let checked_ids: Vec<ProductId> = commands.iter().filter(needs_uses).filter_map(target).collect();
    let with_new_unit: Vec<ProductId> = commands.iter().filter(new_unit).filter_map(target).collect();
    let remeasured_ids: Vec<ProductId> = commands.iter().filter(|c| new_unit(c) || new_tracking(c)).filter_map(target).collect();
    let uses: HashMap<ProductId, Vec<RowUsage>> = uses::of(work, uses::UsedColumn::Product, &checked_ids).await?;
    let moved_ids = uses::filter_with_entries(work, &remeasured_ids).await?;
    let quantities = uses::quantities(work, &with_new_unit).await?;
    for (id, uses) in uses {
        if let Some(existing) = context.products.get_mut(&id) {
            existing.uses = uses;
        }
    }
    for (id, quantities) in quantities {
        if let Some(existing) = context.products.get_mut(&id) {
            existing.quantities = quantities;
        }
    }
    for id in moved_ids {
        if let Some(existing) = context.products.get_mut(&id) {
            existing.has_moved = true;
        }
    }
    Ok(())
}
