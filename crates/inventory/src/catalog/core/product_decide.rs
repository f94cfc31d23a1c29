//! Decides the products of a call against the rows that the database has around them.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use entity::prelude::{CategoryId, FamilyId, ProductId, ProductStatus, StockPolicy, SupplierId, Timestamp, Tracking};

use super::{
    check::input_path,
    command::{NewIdAndTime, Target},
    goods::{Goods, MAX_TAGS},
    gtin,
    patch::Patch,
    product_fields::ProductCommand,
    product_row::{ProductDoc, ProductOption, ProductRow},
    rejection::{Problem, Rejection, RowUsage, Subject},
    text,
    verdict::{Refusal, Verdict, Versioned, find_target},
};

/// An existing product, with the uses that restrict changes.
#[derive(Debug, Clone)]
pub struct ExistingProduct {
    pub doc: ProductDoc,
    /// Uses that forbid archiving, another unit, and a switch between tracked and untracked stock;
    /// loaded only for commands that do one of these.
    pub uses: Vec<RowUsage>,
    /// Quantities of the product that other rooms store in its smallest unit; read only if a
    /// command changes the unit.
    pub quantities: Vec<RowUsage>,
    /// True if the ledger has entries of the product; read only if a command changes the unit or
    /// the tracking.
    pub has_moved: bool,
}

impl Versioned for ExistingProduct {
    fn version(&self) -> i64 {
        self.doc.row.version
    }
}

/// Database state for a call's products. Each decision is applied to it, so that the next one sees
/// it.
#[derive(Debug, Default)]
pub struct ProductContext {
    pub products: HashMap<ProductId, ExistingProduct>,
    pub by_sku: HashMap<String, ProductId>,
    /// By the form in which a code is unique.
    pub by_barcode: HashMap<String, ProductId>,
    /// Categories and suppliers that commands name, and the categories of archived products, with
    /// the moment at which each was archived; None if it is in use.
    pub categories: HashMap<CategoryId, Option<Timestamp>>,
    pub suppliers: HashMap<SupplierId, Option<Timestamp>>,
    /// The names of each family's options.
    pub families: HashMap<FamilyId, Vec<String>>,
    /// Moments at which these families were archived; None if one is in use.
    pub families_since: HashMap<FamilyId, Option<Timestamp>>,
    pub combinations: HashMap<(FamilyId, String), ProductId>,
    /// SKUs of this call's rows, without refused ones.
    pub seen_keys: HashSet<String>,
}

/// Maximum former SKUs that are kept for a product.
const MAX_FORMER_SKUS: usize = 20;

impl ProductContext {
    pub fn decide(&mut self, command: &ProductCommand, id_and_time: NewIdAndTime) -> Verdict<ProductDoc> {
        let mut problems = command.problems.clone();
        let before = match &command.target {
            Target::New => None,
            Target::Key => command.sku.set().and_then(|sku| self.by_sku.get(&sku.key)).and_then(|id| self.products.get(id)),
            Target::Id { id, expected_version } => {
                match find_target(self.products.get(id), *expected_version, Subject::Product, &command.problems) {
                    Ok(existing) => Some(existing),
                    Err(refusal) => {
                        let current = refusal.current.map(|existing| existing.doc);
                        return Verdict::Refused(Refusal { problems: refusal.problems, current });
                    }
                }
            }
        }
        .cloned();
        let mut doc = before.as_ref().map_or_else(|| blank(id_and_time), |existing| existing.doc.clone());
        self.rename(command, &mut doc, &mut problems);
        if before.is_none() && command.name.is_keep() && problems.iter().all(|p| p.at != ["name"]) {
            problems.push(Problem::at("name", Rejection::Required));
        }
        self.set_references(command, &mut doc, &mut problems);
        set_simple_fields(command, &mut doc.row);
        if doc.row.goods.tags.len() > MAX_TAGS {
            problems.push(Problem::at("tags", Rejection::TooMany { most: MAX_TAGS }));
        }
        // A serial number is one unit, which has no parts.
        if doc.row.tracking == Tracking::Serial && doc.row.unit_decimals > 0 {
            problems.push(Problem::at("tracking", Rejection::SerialInParts));
        }
        if let Some(existing) = &before {
            refuse_changes_in_use(existing, command, &doc.row, &mut problems);
            problems.extend(self.refuse_restore_into_archived(&existing.doc.row, &doc.row));
        }
        self.set_options(command, &mut doc.row, &mut problems);
        if !problems.is_empty() {
            return Verdict::refused(problems);
        }
        self.seen_keys.extend(command.sku.set().map(|sku| sku.key.clone()));
        let verdict = match before {
            None => Verdict::Created(doc.clone()),
            Some(existing) if existing.doc == doc => return Verdict::Unchanged(doc),
            Some(existing) => {
                (doc.row.version, doc.row.updated_at) = (doc.row.version + 1, id_and_time.now);
                self.remove_keys(&existing.doc);
                Verdict::Updated { before: existing.doc, after: doc.clone() }
            }
        };
        self.insert_product(doc);
        verdict
    }

    /// Sets SKU and name; the SKU must not be taken.
    fn rename(&mut self, command: &ProductCommand, doc: &mut ProductDoc, problems: &mut Vec<Problem>) {
        if let Patch::Set(name) = &command.name {
            (doc.row.name, doc.row.name_key) = (name.clone(), text::fold(name));
        }
        let Patch::Set(sku) = &command.sku else { return };
        if command.target == Target::Key && self.seen_keys.contains(&sku.key) {
            problems.push(Problem::at("sku", Rejection::Repeated(Subject::Sku)));
        } else if self.by_sku.get(&sku.key).is_some_and(|owner| *owner != doc.row.id) {
            problems.push(Problem::at("sku", Rejection::Taken(Subject::Sku)));
        }
        // A bulk row finds its product by SKU in any case of letters, which is no request to change
        // the SKU's case.
        if command.target == Target::Key && doc.row.sku_key == sku.key {
            return;
        }
        if !doc.row.sku.is_empty() && doc.row.sku_key != sku.key {
            let mut former = doc.row.former_sku_list();
            former.retain(|existing| text::fold(existing) != sku.key && *existing != doc.row.sku);
            former.push(doc.row.sku.clone());
            let surplus = former.len().saturating_sub(MAX_FORMER_SKUS);
            doc.row.former_skus = serde_json::Value::from(former.split_off(surplus)).to_string();
        }
        (doc.row.sku, doc.row.sku_key) = (sku.text.clone(), sku.key.clone());
    }

    /// Sets the product's references, and checks that their rows exist.
    fn set_references(&self, command: &ProductCommand, doc: &mut ProductDoc, problems: &mut Vec<Problem>) {
        let (category, supplier) = (doc.row.category_id, doc.row.supplier_id);
        let category = check_reference(&self.categories, command.category_id.set(), category, Subject::Category);
        problems.extend(category.map(|rejection| Problem::at("categoryId", rejection)));
        let supplier = check_reference(&self.suppliers, command.supplier_id.set(), supplier, Subject::Supplier);
        problems.extend(supplier.map(|rejection| Problem::at("supplierId", rejection)));
        let family = check_reference(&self.families_since, command.family_id.set(), doc.row.family_id, Subject::Family);
        problems.extend(family.map(|rejection| Problem::at("familyId", rejection)));
        command.category_id.apply(&mut doc.row.category_id);
        command.supplier_id.apply(&mut doc.row.supplier_id);
        command.family_id.apply(&mut doc.row.family_id);
        if let Patch::Set(barcodes) = &command.barcodes {
            for (index, barcode) in barcodes.iter().enumerate() {
                if self.by_barcode.get(&gtin::key(&barcode.code)).is_some_and(|owner| *owner != doc.row.id) {
                    let at = input_path!["barcodes", index, "code"];
                    problems.push(Problem { at, why: Rejection::Taken(Subject::Barcode) });
                }
            }
            doc.barcodes.clone_from(barcodes);
        }
    }

    /// Refuses to restore a product in an archived category or family.
    fn refuse_restore_into_archived(&self, before: &ProductRow, after: &ProductRow) -> Vec<Problem> {
        if before.status != ProductStatus::Archived || after.status == ProductStatus::Archived {
            return Vec::new();
        }
        let category = after.category_id.filter(|id| before.category_id == Some(*id));
        let category = category.and_then(|id| self.categories.get(&id).copied().flatten());
        let family = after.family_id.filter(|id| before.family_id == Some(*id));
        let family = family.and_then(|id| self.families_since.get(&id).copied().flatten());
        let category = category.map(|since| Rejection::InArchivedCategory { since });
        let family = family.map(|since| Rejection::InArchivedFamily { since });
        category.into_iter().chain(family).map(|rejection| Problem::at("status", rejection)).collect()
    }

    /// Puts the options in the family's order; refuses names that are not the family's, and a combination that a sibling has.
    fn set_options(&self, command: &ProductCommand, row: &mut ProductRow, problems: &mut Vec<Problem>) {
        if command.family_id.is_keep() && command.options.is_keep() {
            return;
        }
        let requested_options = match &command.options {
            Patch::Set(options) => options.clone(),
            _ if row.family_id.is_none() => Vec::new(),
            _ => row.option_list(),
        };
        let Some(family) = row.family_id else {
            if requested_options.is_empty() {
                "[]".clone_into(&mut row.options);
            } else {
                problems.push(Problem::at("options", Rejection::OptionsWithoutFamily));
            }
            return;
        };
        let Some(names) = self.families.get(&family) else { return };
        let value_of = |name: &String| requested_options.iter().find(|option| text::fold(&option.name) == text::fold(name));
        let ordered: Option<Vec<ProductOption>> = names
            .iter()
            .map(|name| value_of(name).map(|option| ProductOption { name: name.clone(), value: option.value.clone() }))
            .collect();
        let Some(ordered) = ordered.filter(|ordered| ordered.len() == requested_options.len()) else {
            problems.push(Problem::at("options", Rejection::OptionNames { expected: names.clone() }));
            return;
        };
        if self.combinations.get(&(family, variant_key(&ordered))).is_some_and(|owner| *owner != row.id) {
            problems.push(Problem::at("options", Rejection::Taken(Subject::Options)));
        }
        row.options = serde_json::to_string(&ordered).unwrap_or_else(|_| "[]".to_owned());
    }

    fn remove_keys(&mut self, doc: &ProductDoc) {
        self.by_sku.remove(&doc.row.sku_key);
        for barcode in &doc.barcodes {
            self.by_barcode.remove(&gtin::key(&barcode.code));
        }
        if let Some(family) = doc.row.family_id {
            self.combinations.remove(&(family, variant_key(&doc.row.option_list())));
        }
    }

    fn insert_product(&mut self, doc: ProductDoc) {
        let id = doc.row.id;
        self.by_sku.insert(doc.row.sku_key.clone(), id);
        self.by_barcode.extend(doc.barcodes.iter().map(|barcode| (gtin::key(&barcode.code), id)));
        if let Some(family) = doc.row.family_id {
            self.combinations.insert((family, variant_key(&doc.row.option_list())), id);
        }
        self.products.insert(id, ExistingProduct { doc, uses: Vec::new(), quantities: Vec::new(), has_moved: false });
    }
}

/// Refuses a reference to a row that does not exist, or that is archived and was not referenced
/// before.
fn check_reference<I: Copy + Eq + Hash>(
    archive_times: &HashMap<I, Option<Timestamp>>,
    requested_id: Option<&I>,
    before: Option<I>,
    subject: Subject,
) -> Option<Rejection> {
    let id = requested_id?;
    match archive_times.get(id) {
        None => Some(Rejection::Missing(subject)),
        Some(Some(since)) if before != Some(*id) => Some(Rejection::ArchivedSince { what: subject, since: *since }),
        Some(_) => None,
    }
}

/// Returns the key by which two variants of a family are equal: the folded values in the family's
/// order.
pub fn variant_key(options: &[ProductOption]) -> String {
    options.iter().map(|option| text::fold(&option.value)).collect::<Vec<_>>().join("\u{1f}")
}

fn set_simple_fields(command: &ProductCommand, row: &mut ProductRow) {
    command.description.apply(&mut row.description);
    if let Patch::Set(unit) = &command.unit {
        (row.unit_code, row.unit_decimals) = (unit.code.clone(), unit.decimals);
    }
    command.price.apply(&mut row.price);
    command.unit_cost.apply(&mut row.unit_cost);
    command.low_stock_threshold.apply(&mut row.low_stock_threshold);
    command.status.apply_value(&mut row.status);
    command.stock_policy.apply_value(&mut row.stock_policy);
    command.tracking.apply_value(&mut row.tracking);
    let mut days = row.minimum_remaining_days.map(i64::from);
    command.minimum_remaining_days.apply(&mut days);
    row.minimum_remaining_days = days.and_then(|days| i32::try_from(days).ok());
    command.goods.apply(&mut row.goods);
    command.metadata.apply_value(&mut row.metadata);
}

/// Returns the quantities whose meaning a change of the unit would alter. Those that the command
/// itself sets are in the new unit.
fn quantities_in_unit(existing: &ExistingProduct, command: &ProductCommand) -> Vec<RowUsage> {
    let ProductDoc { row, barcodes } = &existing.doc;
    let has_threshold = command.low_stock_threshold.is_keep() && row.low_stock_threshold.is_some_and(|threshold| threshold > 0);
    let has_packs = command.barcodes.is_keep() && barcodes.iter().any(|barcode| barcode.pack_quantity > 1);
    let product_uses = [has_threshold.then_some(RowUsage::LowStockThreshold), has_packs.then_some(RowUsage::PackBarcodes)];
    product_uses.into_iter().flatten().chain(existing.quantities.iter().copied()).collect()
}

fn refuse_changes_in_use(existing: &ExistingProduct, command: &ProductCommand, after: &ProductRow, problems: &mut Vec<Problem>) {
    let before = &existing.doc.row;
    let is_archiving = after.status == ProductStatus::Archived && before.status != ProductStatus::Archived;
    // Blanket orders do not prevent archiving: the agreement may stay open until its end, but an
    // archived product cannot be called off.
    let uses: Vec<RowUsage> = existing.uses.iter().copied().filter(|usage| *usage != RowUsage::OpenBlanketOrders).collect();
    if is_archiving && !uses.is_empty() {
        problems.push(Problem::at("status", Rejection::InUse(uses)));
    }
    // Documents keep the stock policy of their lines: open lines of an untracked product reserve
    // nothing, and would not once it is tracked.
    let is_untracked = |row: &ProductRow| row.stock_policy == StockPolicy::Untracked;
    if is_untracked(after) != is_untracked(before) {
        let becomes_untracked = is_untracked(after);
        // These uses take stock under any policy.
        let takes_stock =
            |usage: &RowUsage| matches!(usage, RowUsage::Kits | RowUsage::OrderedKits | RowUsage::OpenBlanketOrders);
        let uses: Vec<RowUsage> =
            existing.uses.iter().copied().filter(|usage| becomes_untracked || !takes_stock(usage)).collect();
        if !uses.is_empty() {
            problems.push(Problem::at("stockPolicy", Rejection::InUse(uses)));
        }
    }
    // Levels, documents and kits store quantities in its smallest unit.
    let changes_unit = (&after.unit_code, after.unit_decimals) != (&before.unit_code, before.unit_decimals);
    let movement_use = existing.has_moved.then_some(RowUsage::Movements);
    let uses: Vec<RowUsage> = existing.uses.iter().copied().chain(movement_use).collect();
    // Quantities in the unit are reported only if no other use prevents the change: clearing them
    // would not help.
    let uses = if uses.is_empty() { quantities_in_unit(existing, command) } else { uses };
    if changes_unit && !uses.is_empty() {
        problems.push(Problem::at("unit", Rejection::InUse(uses)));
    }
    let is_no_kit = [
        ("stockPolicy", after.stock_policy != before.stock_policy),
        ("unit", after.unit_decimals != before.unit_decimals),
        ("tracking", after.tracking != before.tracking),
    ];
    for (field, _) in is_no_kit.into_iter().filter(|(_, changes)| before.is_kit && *changes) {
        problems.push(Problem::at(field, Rejection::InUse(vec![RowUsage::Components])));
    }
    if after.tracking != before.tracking && existing.has_moved {
        problems.push(Problem::at("tracking", Rejection::InUse(vec![RowUsage::Movements])));
    }
}

fn blank(NewIdAndTime { id, now }: NewIdAndTime) -> ProductDoc {
    let row = ProductRow {
        id: ProductId::from_uuid(id),
        sku: String::new(),
        sku_key: String::new(),
        name: String::new(),
        name_key: String::new(),
        description: None,
        status: ProductStatus::Active,
        stock_policy: StockPolicy::Tracked,
        is_kit: false,
        category_id: None,
        supplier_id: None,
        family_id: None,
        options: "[]".to_owned(),
        former_skus: "[]".to_owned(),
        unit_code: "each".to_owned(),
        unit_decimals: 0,
        price: None,
        unit_cost: None,
        low_stock_threshold: None,
        tracking: Tracking::None,
        minimum_remaining_days: None,
        goods: Goods::default(),
        metadata: "{}".to_owned(),
        version: 1,
        created_at: now,
        updated_at: Timestamp(now.micros()),
    };
    ProductDoc { row, barcodes: Vec::new() }
}
