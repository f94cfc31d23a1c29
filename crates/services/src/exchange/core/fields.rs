//! Converts the cells of a row to the input of a room. Unreadable cells are refused here, by field;
//! invalid values are refused by the room.

use entity::prelude::*;
use inventory::catalog::core::{
    MAX_METADATA_BYTES, Patch,
    category::{CategoryFields, CategoryTexts},
    customer::CustomerFields,
    customer_details::CustomerDetailsFields,
    product::{ProductFields, UnitText},
    supplier::SupplierFields,
    text::fold,
};
use serde_json::Value;

use super::{
    barcodes,
    cells::{Cell, Values},
    columns::{fields_of, required_fields},
    goods,
    noun::Noun,
    numbers,
    record::{Cells, Record, ResolvedNames, excerpt, parse_whole, resolve_name},
    refusal::{Refusal, Refused},
};

impl Record {
    /// Approximate size in memory, including the metadata parsed from it: the rows of a chunk are held together.
    pub fn bytes(&self, noun: Noun) -> usize {
        const CELL: usize = size_of::<Option<Cell>>();
        let cell_bytes = |cell: &Option<Cell>| match cell {
            Some(Cell::Text(text) | Cell::Number(text)) => CELL + text.len(),
            Some(Cell::Clear) | None => CELL,
        };
        let parsed = |cells: &[Option<Cell>]| {
            let at = fields_of(noun).iter().position(|field| *field == "metadata")?;
            let Some(Cell::Text(text)) = cells.get(at)? else { return None };
            Some(Values::of(text.as_bytes())).filter(|values| is_metadata(*values)).map(Values::bytes)
        };
        match &self.cells {
            Ok(cells) => cells.iter().map(cell_bytes).sum::<usize>() + parsed(cells).unwrap_or_default(),
            Err(message) => message.len(),
        }
    }
}

impl<'a> Cells<'a> {
    pub fn of(noun: Noun, record: &'a Record) -> Result<Self, Refused> {
        match &record.cells {
            Ok(cells) => Ok(Self { names: fields_of(noun), number: record.number, cells }),
            Err(message) => Err(Refused::new(record.number, "", Refusal::Unreadable(message.clone()))),
        }
    }
}

/// A whole number of 32 bits.
fn parse_i32(text: &str, refusal: Refusal) -> Result<i32, Refusal> {
    parse_whole(text).and_then(|number| i32::try_from(number).map_err(|_| refusal))
}

fn parse_word<T>(parse: fn(&str) -> Option<T>, words: &'static str, text: &str) -> Result<T, Refusal> {
    parse(&text.to_uppercase()).ok_or_else(|| Refusal::NotOneOf { words, text: excerpt(text) })
}

/// Whether a text with this number of values can be metadata: each takes at least a byte. Texts with more are not parsed.
fn is_metadata(values: Values) -> bool {
    values.count() <= MAX_METADATA_BYTES
}

fn json(text: &str) -> Result<Value, Refusal> {
    if !is_metadata(Values::of(text.as_bytes())) {
        return Err(Refusal::LongObject);
    }
    numbers::check_integers(text.as_bytes())?;
    serde_json::from_str(text).map_err(|_| Refusal::NoObject)
}

pub fn product(record: &Record, names: &ResolvedNames) -> Result<ProductFields, Refused> {
    let cells = Cells::of(Noun::Products, record)?;
    let decimals = cells.patch("unitDecimals", |text| parse_i32(text, Refusal::UnitDecimals))?;
    let unit = cells
        .patch("unit", |code| Ok(UnitText { code: code.to_owned(), decimals: decimals.set().copied().unwrap_or_default() }))?;
    if unit.is_keep() && decimals.set().is_some() {
        return Err(Refused::new(record.number, "unitDecimals", Refusal::DecimalsWithoutUnit));
    }
    Ok(ProductFields {
        sku: cells.texts("sku"),
        name: cells.texts("name"),
        description: cells.texts("description"),
        unit,
        barcodes: cells.patch("barcodes", barcodes::parse_barcodes)?,
        category_id: cells.resolve_value(("category", "category"), |text| resolve_name(text, &names.categories, text))?,
        supplier_id: cells.resolve_value(("supplier", "supplier"), |text| resolve_name(text, &names.suppliers, &fold(text)))?,
        family_id: Patch::Keep,
        options: Patch::Keep,
        price: cells.money("price", "priceCurrency", names)?,
        unit_cost: cells.money("unitCost", "costCurrency", names)?,
        low_stock_threshold: cells.patch("lowStockThreshold", parse_whole)?,
        status: cells.patch("status", |text| parse_word(ProductStatus::parse, "DRAFT, ACTIVE and ARCHIVED", text))?,
        stock_policy: cells
            .patch("stockPolicy", |text| parse_word(StockPolicy::parse, "TRACKED, UNTRACKED and BACKORDER", text))?,
        tracking: cells.patch("tracking", |text| parse_word(Tracking::parse, "NONE, LOT and SERIAL", text))?,
        minimum_remaining_days: cells.patch("minimumRemainingDays", parse_whole)?,
        goods: goods::read(&cells)?,
        metadata: cells.patch("metadata", json)?,
    })
}

fn parse_bool(text: &str) -> Result<bool, Refusal> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(Refusal::NotBoolean { text: excerpt(text) }),
    }
}

/// Returns the key by which a row's object is found, as the file has it; empty if the row has none.
pub fn key(noun: Noun, record: &Record) -> String {
    const MAX_KEY_CHARS: usize = 255;
    let Ok(cells) = Cells::of(noun, record) else { return String::new() };
    let key_text = required_fields(noun).first().and_then(|group| group.iter().find_map(|field| cells.text(field)));
    key_text.unwrap_or_default().trim().chars().take(MAX_KEY_CHARS).collect()
}

pub fn supplier(record: &Record, names: &ResolvedNames) -> Result<SupplierFields, Refused> {
    let cells = Cells::of(Noun::Suppliers, record)?;
    Ok(SupplierFields {
        code: cells.texts("code"),
        name: cells.texts("name"),
        lead_time_days: cells.patch("leadTimeDays", |text| parse_i32(text, Refusal::TooManyDays))?,
        email: cells.texts("email"),
        minimum_order: cells.money("minimumOrderValue", "minimumOrderCurrency", names)?,
        ..SupplierFields::default()
    })
}

pub fn category(record: &Record) -> Result<CategoryFields, Refused> {
    let cells = Cells::of(Noun::Categories, record)?;
    Ok(CategoryFields {
        slug: cells.texts("slug"),
        name: cells.texts("name"),
        parent_id: Patch::Keep,
        parent_slug: cells.texts("parent"),
        position: cells.patch("position", |text| parse_i32(text, Refusal::TooMuch))?,
        image_url: cells.texts("imageUrl"),
        metadata: cells.patch("metadata", json)?,
        texts: CategoryTexts {
            description: cells.texts("description"),
            seo_title: cells.texts("seoTitle"),
            seo_description: cells.texts("seoDescription"),
            is_active: cells.patch("isActive", parse_bool)?,
        },
    })
}

pub fn customer(record: &Record) -> Result<CustomerFields, Refused> {
    let cells = Cells::of(Noun::Customers, record)?;
    Ok(CustomerFields {
        external_ref: cells.texts("externalRef"),
        name: cells.texts("name"),
        country: cells.texts("country"),
        email: cells.texts("email"),
        tags: Patch::Keep,
        particulars: CustomerDetailsFields::default(),
    })
}

#[cfg(test)]
mod tests {
    use inventory::catalog::core::product::MoneyText;

    use super::*;

    fn record(noun: Noun, said: &[(&str, Cell)]) -> Record {
        let cells = fields_of(noun).iter().map(|field| said.iter().find(|(name, _)| name == field).map(|(_, cell)| cell.clone()));
        Record { number: 7, cells: Ok(cells.collect()) }
    }
    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    #[test]
    fn a_product_is_read_field_by_field() {
        let mug = record(
            Noun::Products,
            &[
                ("sku", text("mug")),
                ("barcodes", text("4006381333931|12345*12")),
                ("price", text("4.50")),
                ("description", Cell::Clear),
                ("status", text("active")),
            ],
        );
        let names = ResolvedNames { currency: "GBP".to_owned(), ..ResolvedNames::default() };
        let fields = product(&mug, &names).unwrap();
        assert_eq!((fields.name, fields.description), (Patch::Keep, Patch::Clear));
        assert_eq!(fields.price, Patch::Set(MoneyText { amount: "4.50".to_owned(), currency: "GBP".to_owned() }));
        assert_eq!(fields.status, Patch::Set(ProductStatus::Active));
        let packs: Vec<i64> = fields.barcodes.set().unwrap().iter().map(|code| code.pack_quantity).collect();
        assert_eq!(packs, [1, 12]);
    }

    #[test]
    fn metadata_weigh_what_they_take_once_they_are_parsed() {
        let of = |noun, json: &str| record(noun, &[("metadata", text(json)), ("name", text(json))]).bytes(noun);
        let structure = format!("[{}0]", "{\"a\":0},".repeat(1_000));
        assert!(of(Noun::Products, &structure) > 700_000 && of(Noun::Categories, &structure) > 700_000);
        assert!(of(Noun::Suppliers, &structure) < 20_000, "it has none");
        assert!(of(Noun::Products, &structure.repeat(20)) < 400_000, "what is too much is not parsed");
    }

    #[test]
    fn a_row_is_called_what_it_is_found_by() {
        let stock = |said: &[(&str, Cell)]| key(Noun::Stock, &record(Noun::Stock, said));
        assert_eq!(stock(&[("sku", text(" mug ")), ("barcode", text("1"))]), "mug");
        assert_eq!(stock(&[("barcode", text("1")), ("onHand", text("many"))]), "1");
        assert_eq!(stock(&[("store", text("north"))]), "");
        assert_eq!(key(Noun::Orders, &record(Noun::Orders, &[("externalRef", text("web-1"))])), "web-1");
        assert_eq!(key(Noun::Products, &Record { number: 9, cells: Err("it has 3 cells".to_owned()) }), "");
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_its_field() {
        let names = ResolvedNames::default();
        for (field, value) in [
            ("lowStockThreshold", "many"),
            ("status", "ALIVE"),
            ("category", "nowhere"),
            ("supplier", "nobody"),
            ("metadata", "{"),
            ("metadata", format!("[{}0]", "0,".repeat(MAX_METADATA_BYTES)).as_str()),
        ] {
            let row = record(Noun::Products, &[("sku", text("mug")), (field, text(value))]);
            let refused = product(&row, &names).unwrap_err();
            assert_eq!((refused.number, refused.field.as_str()), (7, field), "{refused:?}");
        }
        let broken = Record { number: 9, cells: Err("it has 3 cells".to_owned()) };
        assert_eq!(product(&broken, &names).unwrap_err().why, Refusal::Unreadable("it has 3 cells".to_owned()));
    }
}
