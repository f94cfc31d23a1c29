//! Checks of a product's fields, each without its surroundings.

use entity::{prelude::ProductId, quantity::MAX_SAFE};

use super::{
    check::{Checker, MAX_CODE, MAX_DESCRIPTION, MAX_NAME, input_path},
    command::Target,
    family::{MAX_OPTION_LENGTH, MAX_OPTIONS},
    gtin,
    patch::Patch,
    product_fields::{ProductCommand, ProductFields, Unit, UnitText},
    product_row::{Barcode, ProductOption},
    rejection::{Rejection, Subject},
    text,
};

pub const MAX_BARCODES: usize = 50;
const MAX_UNIT_CODE: usize = 16;
const MAX_DECIMALS: i64 = 9;
/// A hundred years.
const MAX_REMAINING_DAYS: i64 = 36_500;

/// Checks the fields of a product; the command lists all problems.
pub fn check(target: Target<ProductId>, fields: &ProductFields, mut checker: Checker) -> ProductCommand {
    let c = &mut checker;
    if target.id().is_none() && fields.sku.is_keep() {
        c.refuse(input_path!["sku"], Rejection::Required);
    }
    let sku = c.required_patch("sku", &fields.sku, |c, value| c.code(input_path!["sku"], value));
    let name = c.required_patch("name", &fields.name, |c, value| c.line(input_path!["name"], value, MAX_NAME));
    let description = match &fields.description {
        // An empty text clears the description.
        Patch::Set(text) if text.trim().is_empty() => Patch::Clear,
        other => c.optional_patch(other, |c, value| c.multiline_text(input_path!["description"], value, MAX_DESCRIPTION)),
    };
    let unit = c.required_patch("unit", &fields.unit, unit);
    let barcodes = match &fields.barcodes {
        Patch::Clear => Patch::Set(Vec::new()),
        other => c.optional_patch(other, |c, codes| barcodes(c, codes)),
    };
    let category_id = c.optional_patch(&fields.category_id, |c, value| c.category_id("categoryId", value));
    let supplier_id = c.optional_patch(&fields.supplier_id, |c, value| c.id(input_path!["supplierId"], value, Subject::Supplier));
    let family_id = c.optional_patch(&fields.family_id, |c, value| c.id(input_path!["familyId"], value, Subject::Family));
    let options = match &fields.options {
        Patch::Clear => Patch::Set(Vec::new()),
        other => c.optional_patch(other, |c, list| options(c, list)),
    };
    let price = c.optional_patch(&fields.price, |c, value| c.money("price", value));
    let unit_cost = c.optional_patch(&fields.unit_cost, |c, value| c.money("unitCost", value));
    let low_stock_threshold =
        c.optional_patch(&fields.low_stock_threshold, |c, value| c.range(input_path!["lowStockThreshold"], *value, 0, MAX_SAFE));
    let status = c.required_patch("status", &fields.status, |_, value| Some(*value));
    let stock_policy = c.required_patch("stockPolicy", &fields.stock_policy, |_, value| Some(*value));
    let tracking = c.required_patch("tracking", &fields.tracking, |_, value| Some(*value));
    let minimum_remaining_days = c.optional_patch(&fields.minimum_remaining_days, |c, value| {
        c.range(input_path!["minimumRemainingDays"], *value, 0, MAX_REMAINING_DAYS)
    });
    let goods = fields.goods.check(c);
    let metadata = match &fields.metadata {
        Patch::Clear => Patch::Set("{}".to_owned()),
        other => c.optional_patch(other, |c, value| c.metadata(input_path!["metadata"], value)),
    };
    ProductCommand {
        target,
        sku,
        name,
        description,
        unit,
        barcodes,
        category_id,
        supplier_id,
        family_id,
        options,
        price,
        unit_cost,
        low_stock_threshold,
        status,
        stock_policy,
        tracking,
        minimum_remaining_days,
        goods,
        metadata,
        problems: checker.problems,
    }
}

fn unit(checker: &mut Checker, unit: &UnitText) -> Option<Unit> {
    let code = checker.line(input_path!["unit", "code"], &unit.code, MAX_UNIT_CODE);
    let decimals = checker.range(input_path!["unit", "decimals"], i64::from(unit.decimals), 0, MAX_DECIMALS);
    Some(Unit { code: code?, decimals: decimals? as i32 })
}

fn barcodes(checker: &mut Checker, codes: &[Barcode]) -> Option<Vec<Barcode>> {
    if codes.len() > MAX_BARCODES {
        checker.refuse(input_path!["barcodes"], Rejection::TooMany { most: MAX_BARCODES });
        return None;
    }
    let mut checked_barcodes: Vec<Barcode> = Vec::with_capacity(codes.len());
    for (index, barcode) in codes.iter().enumerate() {
        let at = input_path!["barcodes", index, "code"];
        checker.range(input_path!["barcodes", index, "packQuantity"], barcode.pack_quantity, 1, MAX_SAFE);
        let Some(code) = checker.line(at.clone(), &barcode.code, MAX_CODE) else { continue };
        if let Some(expected) = gtin::wrong_check_digit(&code) {
            checker.refuse(at, Rejection::CheckDigit { expected });
        } else if checked_barcodes.iter().any(|previous_barcode| gtin::key(&previous_barcode.code) == gtin::key(&code)) {
            checker.refuse(at, Rejection::Repeated(Subject::Barcode));
        }
        checked_barcodes.push(Barcode { code, pack_quantity: barcode.pack_quantity });
    }
    Some(checked_barcodes)
}

fn options(checker: &mut Checker, list: &[ProductOption]) -> Option<Vec<ProductOption>> {
    if list.len() > MAX_OPTIONS {
        checker.refuse(input_path!["options"], Rejection::TooMany { most: MAX_OPTIONS });
        return None;
    }
    let mut checked_options: Vec<ProductOption> = Vec::with_capacity(list.len());
    for (index, option) in list.iter().enumerate() {
        let name = checker.line(input_path!["options", index, "name"], &option.name, MAX_OPTION_LENGTH);
        let value = checker.line(input_path!["options", index, "value"], &option.value, MAX_OPTION_LENGTH);
        let (Some(name), Some(value)) = (name, value) else { continue };
        if checked_options.iter().any(|previous_option| text::fold(&previous_option.name) == text::fold(&name)) {
            checker.refuse(input_path!["options", index, "name"], Rejection::Repeated(Subject::OptionName));
        }
        checked_options.push(ProductOption { name, value });
    }
    Some(checked_options)
}
