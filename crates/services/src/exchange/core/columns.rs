//! Fields of an import, and the columns that are read as them.

use inventory::catalog::core::goods;

use super::{noun::Noun, order_lines};

const FIELDS_BEFORE_GOODS: &[&str] = &[
    "sku",
    "name",
    "description",
    "unit",
    "unitDecimals",
    "barcodes",
    "category",
    "supplier",
    "price",
    "priceCurrency",
    "unitCost",
    "costCurrency",
    "lowStockThreshold",
    "tracking",
    "minimumRemainingDays",
    "status",
    "stockPolicy",
    "metadata",
];

/// Concatenates lists of names, with `N` names in all.
const fn concat_names<const N: usize>(lists: [&[&'static str]; 3]) -> [&'static str; N] {
    let (mut joined, mut at, mut list) = ([""; N], 0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            joined[at] = lists[list][index];
            (at, index) = (at + 1, index + 1);
        }
        list += 1;
    }
    assert!(at == N, "each name has its place");
    joined
}

/// The fields of a product: those of [`FIELDS_BEFORE_GOODS`], then those of its goods, and last its tags.
static PRODUCTS: [&str; FIELDS_BEFORE_GOODS.len() + goods::FIELD_NAMES.len() + 1] =
    concat_names([FIELDS_BEFORE_GOODS, &goods::FIELD_NAMES, &["tags"]]);

const FIELDS_BEFORE_LINES: &[&str] = &["externalRef", "channel", "store", "customer", "placedAt", "status"];

/// The fields of a row of an order: those of its line are between those of the order.
static ORDERS: [&str; FIELDS_BEFORE_LINES.len() + order_lines::IMPORTED.len() + 2] =
    concat_names([FIELDS_BEFORE_LINES, order_lines::IMPORTED, &["number", "register"]]);

const EXPORTED_FIELDS_BEFORE_LINES: &[&str] =
    &["number", "line", "status", "store", "channel", "externalRef", "customer", "placedAt"];

static EXPORTED_ORDERS: [&str; EXPORTED_FIELDS_BEFORE_LINES.len() + order_lines::EXPORTED.len() + 1] =
    concat_names([EXPORTED_FIELDS_BEFORE_LINES, order_lines::EXPORTED, &["register"]]);

/// The fields of a noun, as files name them. The first ones find the row; exports write them all, in this order.
pub fn fields_of(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Products => &PRODUCTS,
        Noun::Stock => &["sku", "store", "onHand", "barcode", "lot", "madeOn", "expiresOn"],
        Noun::StockChanges => {
            &["sku", "store", "delta", "barcode", "unitCost", "costCurrency", "note", "lot", "madeOn", "expiresOn"]
        }
        Noun::Suppliers => &["code", "name", "leadTimeDays", "email", "minimumOrderValue", "minimumOrderCurrency"],
        Noun::Categories => &[
            "slug",
            "name",
            "parent",
            "position",
            "imageUrl",
            "metadata",
            "description",
            "isActive",
            "seoTitle",
            "seoDescription",
        ],
        Noun::Customers => &["externalRef", "name", "country", "email"],
        Noun::Orders => &ORDERS,
        Noun::Movements | Noun::DemandFacts => &[],
    }
}

const DEMAND_FACTS: &[&str] = &[
    "businessDate",
    "productId",
    "sku",
    "storeId",
    "store",
    "channelId",
    "channel",
    "currency",
    "state",
    "orderedUnits",
    "cancelledUnits",
    "takenBackUnits",
    "returnedUnits",
    "orders",
    "orderLines",
    "returns",
    "returnLines",
    "grossRevenue",
    "discounts",
    "listValue",
    "costOfGoodsSold",
    "refunds",
    "shippedUnits",
    "restockedUnits",
    "receivedUnits",
    "movedInUnits",
    "movedOutUnits",
    "adjustedInUnits",
    "adjustedOutUnits",
    "countedInUnits",
    "countedOutUnits",
    "removedUnits",
    "netUnits",
    "largestLineUnits",
    "firstSeq",
    "revisedSeq",
];

/// The columns of an export.
pub fn exported_columns(noun: Noun) -> &'static [&'static str] {
    match noun {
        Noun::Products | Noun::Suppliers | Noun::Categories | Noun::Customers => fields_of(noun),
        Noun::Stock => &[
            "sku",
            "name",
            "store",
            "lot",
            "madeOn",
            "expiresOn",
            "onHand",
            "reserved",
            "unavailable",
            "available",
            "incoming",
            "inTransit",
            "safetyStock",
            "reorderPoint",
            "maximum",
            "updatedAt",
            "binLocation",
        ],
        Noun::Movements => &[
            "seq",
            "line",
            "movementId",
            "kind",
            "reasonCode",
            "sku",
            "store",
            "onHandDelta",
            "reservedDelta",
            "unavailableDelta",
            "onHandAfter",
            "unitCost",
            "costCurrency",
            "externalRef",
            "note",
            "occurredAt",
            "recordedAt",
            "lot",
        ],
        Noun::Orders => &EXPORTED_ORDERS,
        Noun::DemandFacts => DEMAND_FACTS,
        Noun::StockChanges => &[],
    }
}

/// Whether a field is a calendar day, without a time of day.
pub fn is_day(field: &str) -> bool {
    matches!(field, "madeOn" | "expiresOn")
}

/// Returns the required fields of a row: one of each group.
pub fn required_fields(noun: Noun) -> &'static [&'static [&'static str]] {
    match noun {
        Noun::Products => &[&["sku"]],
        Noun::Stock => &[&["sku", "barcode"], &["store"], &["onHand"]],
        Noun::StockChanges => &[&["sku", "barcode"], &["store"], &["delta"]],
        Noun::Suppliers => &[&["code"]],
        Noun::Categories => &[&["slug"]],
        Noun::Customers => &[&["externalRef"]],
        Noun::Orders => &[&["externalRef"], &["store"], &["sku", "barcode"], &["quantity"]],
        Noun::Movements | Noun::DemandFacts => &[],
    }
}

/// Names of fields in other programs, except for fields of goods (`goods::COLUMN_ALIASES`).
const FIELD_ALIASES: &[(&str, &str)] = &[
    ("articlenumber", "sku"),
    ("itemcode", "sku"),
    ("productcode", "sku"),
    ("productname", "name"),
    ("title", "name"),
    ("ean", "barcodes"),
    ("gtin", "barcodes"),
    ("barcode", "barcodes"),
    ("cost", "unitCost"),
    ("currency", "priceCurrency"),
    ("categoryslug", "category"),
    ("suppliercode", "supplier"),
    ("storecode", "store"),
    ("location", "store"),
    ("quantity", "onHand"),
    ("qty", "onHand"),
    ("stock", "onHand"),
    ("change", "delta"),
    ("leadtime", "leadTimeDays"),
    ("mail", "email"),
    ("parentslug", "parent"),
    ("batch", "lot"),
    ("batchnumber", "lot"),
    ("lotcode", "lot"),
    ("lotnumber", "lot"),
    ("serialnumber", "lot"),
    ("expirydate", "expiresOn"),
    ("bestbefore", "expiresOn"),
    ("reference", "externalRef"),
    ("orderid", "externalRef"),
    ("ordernumber", "externalRef"),
    ("customerref", "customer"),
    ("occurredat", "placedAt"),
    ("orderdate", "placedAt"),
    ("qty", "quantity"),
    ("price", "unitPrice"),
];

/// Letters and digits alone, in lower case.
fn normalize_name(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Reasons to refuse a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderFault {
    Twice {
        column: String,
        field: String,
    },
    /// A mapping names a column or a field that does not exist.
    Unknown {
        name: String,
    },
    Missing {
        fields: &'static [&'static str],
    },
    TooMany {
        most: usize,
    },
}

impl std::fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Twice { column, field } => {
                write!(f, "the column {column:?} is a second one for {field}: map or rename one of them")
            }
            Self::Unknown { name } => write!(f, "the mapping names {name:?}, which the file does not have"),
            Self::Missing { fields } => write!(f, "a column {} is needed", fields.join(" or ")),
            Self::TooMany { most } => write!(f, "a file has at most {most} columns"),
        }
    }
}

/// The field of one column, by the column's name.
fn field_of_column(noun: Noun, name: &str) -> Option<&'static str> {
    let (fields, name) = (fields_of(noun), normalize_name(name));
    let own_field = fields.iter().find(|field| normalize_name(field) == name).copied();
    own_field.or_else(|| {
        let mut aliases = FIELD_ALIASES.iter().chain(goods::COLUMN_ALIASES).filter(|(other, _)| *other == name);
        aliases.find_map(|(_, aliases)| fields.iter().find(|field| *field == aliases).copied())
    })
}

/// Returns each column's index into the noun's fields, by the mapping or else by the column's name.
/// None if the column is ignored.
pub fn match_columns(noun: Noun, header: &[String], mapping: &[(String, String)]) -> Vec<Option<usize>> {
    let index_of_field = |field: &str| fields_of(noun).iter().position(|name| *name == field);
    let index_of_column = |column: &String| {
        let mapped_field = mapping.iter().find(|(name, _)| name.trim() == column.trim()).map(|(_, field)| field.as_str());
        match mapped_field {
            Some("") => None,
            Some(field) => index_of_field(field),
            None => field_of_column(noun, column).and_then(index_of_field),
        }
    };
    header.iter().map(index_of_column).collect()
}

/// Checks that rows can be read by a header and the `columns` that were derived from it.
pub fn check_columns(
    noun: Noun,
    header: &[String],
    (mapping, columns): (&[(String, String)], &[Option<usize>]),
    max_columns: usize,
) -> Result<(), HeaderFault> {
    if header.len() > max_columns {
        return Err(HeaderFault::TooMany { most: max_columns });
    }
    let fields = fields_of(noun);
    let index_of = |field: &str| fields.iter().position(|candidate| *candidate == field);
    for (column, field) in mapping {
        if !header.iter().any(|candidate| candidate.trim() == column.trim()) {
            return Err(HeaderFault::Unknown { name: column.clone() });
        }
        if !field.is_empty() && index_of(field).is_none() {
            return Err(HeaderFault::Unknown { name: field.clone() });
        }
    }
    for (number, (column, field)) in header.iter().zip(columns).enumerate() {
        if let Some(at) = field.filter(|at| columns[..number].contains(&Some(*at))) {
            return Err(HeaderFault::Twice { column: column.clone(), field: fields[at].to_owned() });
        }
    }
    for group in required_fields(noun) {
        if !group.iter().filter_map(|field| index_of(field)).any(|at| columns.contains(&Some(at))) {
            return Err(HeaderFault::Missing { fields: group });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &[&str], mapping: &[(&str, &str)]) -> Result<Vec<Option<usize>>, HeaderFault> {
        let header: Vec<String> = header.iter().map(|one| (*one).to_owned()).collect();
        let mapping: Vec<_> = mapping.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let found = match_columns(Noun::Products, &header, &mapping);
        check_columns(Noun::Products, &header, (&mapping, &found), 5).map(|()| found)
    }

    #[test]
    fn columns_are_told_by_name_or_by_the_mapping() {
        assert_eq!(columns(&["SKU", "Product Name", "colour"], &[]), Ok(vec![Some(0), Some(1), None]));
        assert_eq!(columns(&["Nummer", "Name"], &[("Nummer", "sku")]), Ok(vec![Some(0), Some(1)]));
        assert_eq!(columns(&["sku", "name"], &[("name", "")]), Ok(vec![Some(0), None]), "left out on purpose");
    }

    #[test]
    fn columns_of_goods_have_other_names_and_are_on_the_page() {
        let columns = columns(&["sku", "HS Code", "Country of origin"], &[]).unwrap();
        let names: Vec<_> = columns.into_iter().flatten().map(|at| fields_of(Noun::Products)[at]).collect();
        assert_eq!(names, ["sku", "tariffNumber", "originCountry"]);
        let page = include_str!("../../../../../docs/files.md");
        let row = page.lines().find(|line| line.starts_with("| PRODUCTS |")).unwrap();
        let missing: Vec<_> = fields_of(Noun::Products).iter().filter(|field| !row.contains(**field)).collect();
        assert!(missing.is_empty(), "docs/files.md has no column {missing:?} of products");
    }

    #[test]
    fn columns_of_orders_are_on_the_page() {
        let page = include_str!("../../../../../docs/files.md");
        let row = page.lines().find(|line| line.starts_with("| ORDERS")).unwrap();
        let names: Vec<&str> = row.split(|c: char| !c.is_alphanumeric()).collect();
        // Orders of an export are found again by their number, which no other file has.
        let missing: Vec<_> = ORDERS.iter().filter(|field| !names.contains(*field) && **field != "number").collect();
        assert!(missing.is_empty(), "docs/files.md has no column {missing:?} of orders");
    }

    #[test]
    fn a_header_that_cannot_be_used_says_why() {
        let twice = HeaderFault::Twice { column: "Sku ".to_owned(), field: "sku".to_owned() };
        assert_eq!(columns(&["sku", "Sku "], &[]), Err(twice));
        assert_eq!(columns(&["name"], &[]), Err(HeaderFault::Missing { fields: &["sku"] }));
        assert_eq!(columns(&["sku"], &[("x", "sku")]), Err(HeaderFault::Unknown { name: "x".to_owned() }));
        assert_eq!(columns(&["sku"], &[("sku", "colour")]), Err(HeaderFault::Unknown { name: "colour".to_owned() }));
        assert_eq!(columns(&["sku", "a", "b", "c", "d", "e"], &[]), Err(HeaderFault::TooMany { most: 5 }));
    }
}
