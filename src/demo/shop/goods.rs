//! Assortment of the shop: a tree of categories, suppliers and their prices, families, lots, serial
//! numbers, kits and customers.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::state::{Shop, UntrackedProduct, pounds};
use crate::demo::{error::DemoError, steps::print_step};

/// Slug, name and parent; level by level, because a row's parent has to exist.
const ROOTS: [(&str, &str, Option<&str>); 4] =
    [("kitchen", "Kitchen", None), ("home", "Home", None), ("garden", "Garden", None), ("food", "Food", None)];
const BRANCHES: [(&str, &str, Option<&str>); 6] = [
    ("drinkware", "Drinkware", Some("kitchen")),
    ("tableware", "Tableware", Some("kitchen")),
    ("textiles", "Textiles", Some("home")),
    ("lights", "Lights", Some("home")),
    ("tools", "Garden tools", Some("garden")),
    ("larder", "Larder", Some("food")),
];
const LEAVES: [(&str, &str, Option<&str>); 4] = [
    ("mugs", "Mugs", Some("drinkware")),
    ("glasses", "Glasses", Some("drinkware")),
    ("plates", "Plates", Some("tableware")),
    ("bowls", "Bowls", Some("tableware")),
];

/// Category, pence for the first product, names.
pub(super) const RANGES: [(&str, u64, [&str; 6]); 7] = [
    ("mugs", 650, ["Blue mug", "Speckled mug", "Tall mug", "White mug", "Travel mug", "Espresso cup"]),
    ("glasses", 425, ["Tumbler", "Wine glass", "Carafe", "Water glass", "Jam jar glass", "Tea glass"]),
    ("plates", 895, ["Dinner plate", "Side plate", "Serving plate", "Cake plate", "Oval plate", "Saucer"]),
    ("bowls", 750, ["Cereal bowl", "Salad bowl", "Rice bowl", "Dip bowl", "Mixing bowl", "Pasta bowl"]),
    ("textiles", 1_250, ["Linen towel", "Oven glove", "Wool throw", "Table runner", "Bath mat", "Napkins"]),
    ("lights", 1_995, ["Desk lamp", "Lantern", "Candle holder", "Fairy lights", "Night light", "Floor lamp"]),
    ("tools", 1_450, ["Trowel", "Secateurs", "Watering can", "Hand fork", "Dibber", "Garden twine"]),
];

/// Products that are tracked by lots with dates.
pub(super) const LOT_TRACKED_PRODUCTS: [&str; 8] =
    ["Green tea", "Black tea", "Coffee beans", "Honey", "Plum jam", "Olive oil", "Oat biscuits", "Dark chocolate"];
/// Products whose pieces have serial numbers.
pub(super) const SERIAL_TRACKED_PRODUCTS: [&str; 3] = ["Coffee machine", "Kettle with app", "Stand mixer"];
/// Name, name of the option, its values.
const FAMILIES: [(&str, &str, [&str; 3]); 4] = [
    ("Apron", "Size", ["Small", "Medium", "Large"]),
    ("Cushion", "Colour", ["Green", "Ochre", "Rust"]),
    ("Plant pot", "Size", ["10 cm", "15 cm", "20 cm"]),
    ("Candle", "Scent", ["Cedar", "Fig", "Rose"]),
];
/// SKU, name, pence, the SKUs that it is made of.
const KITS: [(&str, &str, u64, [&str; 2]); 3] = [
    ("DS-KIT-BREAKFAST", "Breakfast set", 1_250, ["DS-MUGS-4", "DS-BOWLS-4"]),
    ("DS-KIT-TABLE", "Table for one", 1_150, ["DS-PLATES-4", "DS-GLASSES-4"]),
    ("DS-KIT-GARDEN", "Gardener's gift", 2_600, ["DS-TOOLS-4", "DS-TEXTILES-4"]),
];
/// Code, name, days to deliver.
pub(super) const SUPPLIERS: [(&str, &str, u32); 8] = [
    ("S-CLAY", "Claywell Pottery", 7),
    ("S-GLASS", "Northern Glass", 10),
    ("S-LOOM", "Loom & Thread", 14),
    ("S-GLOW", "Glow Lighting", 21),
    ("S-SPADE", "Spade & Sons", 5),
    ("S-LEAF", "Leaf Tea Traders", 9),
    ("S-PANTRY", "The Pantry Company", 4),
    ("S-VOLT", "Volt Appliances", 30),
];
const FIRST_NAMES: [&str; 20] = [
    "Ada", "Bram", "Chloe", "Dev", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas", "Kezia", "Liam", "Mina", "Noor", "Otto",
    "Pia", "Quinn", "Rosa", "Sami", "Tess",
];
const LAST_NAMES: [&str; 20] = [
    "Abbott", "Baker", "Carver", "Dyer", "Ellis", "Fisher", "Grant", "Hooper", "Irwin", "Joiner", "Kemp", "Lister", "Mason",
    "Norris", "Oakes", "Potter", "Rowe", "Sawyer", "Tanner", "Weaver",
];

impl Shop<'_> {
    pub(super) async fn catalogue(&mut self) -> Result<(), DemoError> {
        let categories = self.categories().await?;
        let suppliers = self.suppliers().await?;
        let mut rows = untracked_products(&categories, &suppliers);
        rows.extend(self.families(&categories, &suppliers).await?);
        self.goods = rows
            .iter()
            .filter_map(|row| Some(UntrackedProduct { sku: row["sku"].as_str()?.to_owned(), on_hand: [0; 4] }))
            .collect();
        rows.extend(tracked_products("LOT", "DS-FOOD", &LOT_TRACKED_PRODUCTS, (&categories["larder"], &suppliers[5]), 495));
        rows.extend(tracked_products(
            "SERIAL",
            "DS-MACHINE",
            &SERIAL_TRACKED_PRODUCTS,
            (&categories["kitchen"], &suppliers[7]),
            12_900,
        ));
        for (sku, name, pence, _) in KITS {
            rows.push(json!({ "sku": sku, "name": name, "status": "ACTIVE", "price": pounds(pence), "category": { "id": categories["kitchen"] } }));
        }
        let created = self.call("productBulkUpsert", "ProductBulkUpsertInput", PRODUCT_ROWS, json!({ "rows": rows })).await?;
        let ids = by_name(&created, "product", "sku");
        for (sku, _, _, parts) in KITS {
            let parts: Vec<Value> = parts.iter().map(|part| json!({ "product": { "id": ids[*part] }, "quantity": 1 })).collect();
            let input = json!({ "id": ids[sku], "components": parts });
            self.call("kitSet", "KitSetInput", "product { id }", input).await?;
        }
        self.supply(&rows).await?;
        self.people().await?;
        let message = format!("{} products in 14 categories, 4 families, 3 kits, 8 suppliers, 400 customers", rows.len());
        print_step("catalogue", &message);
        Ok(())
    }

    /// Creates the categories; returns their IDs by slug.
    async fn categories(&mut self) -> Result<HashMap<String, Value>, DemoError> {
        let mut ids = HashMap::new();
        for level in [&ROOTS[..], &BRANCHES, &LEAVES] {
            let row = |(slug, name, parent): &(&str, &str, Option<&str>)| match parent {
                Some(parent) => json!({ "slug": slug, "name": name, "parentSlug": parent }),
                None => json!({ "slug": slug, "name": name }),
            };
            let rows: Vec<Value> = level.iter().map(row).collect();
            let fields = "rows { category { id slug } userErrors { code message } }";
            let created = self.call("categoryBulkUpsert", "CategoryBulkUpsertInput", fields, json!({ "rows": rows })).await?;
            ids.extend(by_name(&created, "category", "slug"));
        }
        Ok(ids)
    }

    /// Creates the suppliers; returns their IDs in order.
    async fn suppliers(&mut self) -> Result<Vec<Value>, DemoError> {
        let mut ids = Vec::new();
        for (code, name, days) in SUPPLIERS {
            let email = format!("{}@example.com", code.to_lowercase());
            let input = json!({ "code": code, "name": name, "leadTimeDays": days, "email": email });
            let mut created = self.call("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await?;
            ids.push(created["supplier"]["id"].take());
        }
        Ok(ids)
    }

    /// Rows of products that differ by an option.
    async fn families(&mut self, categories: &HashMap<String, Value>, suppliers: &[Value]) -> Result<Vec<Value>, DemoError> {
        let mut rows = Vec::new();
        for (name, option, values) in FAMILIES {
            let input = json!({ "name": name, "optionNames": [option] });
            let created = self.call("productFamilyCreate", "ProductFamilyCreateInput", "productFamily { id }", input).await?;
            for (index, value) in (1..).zip(values) {
                let word = name.replace(' ', "").to_uppercase();
                rows.push(json!({
                    "sku": format!("DS-{word}-{index}"), "name": format!("{name}, {value}"), "status": "ACTIVE",
                    "price": pounds(900 + 300 * index), "unitCost": pounds(400 + 120 * index),
                    "category": { "id": categories["textiles"] }, "supplier": { "id": suppliers[2] },
                    "family": { "id": created["productFamily"]["id"] }, "options": [{ "name": option, "value": value }],
                }));
            }
        }
        Ok(rows)
    }

    /// Prices and packs of the suppliers, of all that is bought.
    async fn supply(&mut self, rows: &[Value]) -> Result<(), DemoError> {
        let purchasable = rows.iter().filter(|row| row["unitCost"].is_object());
        let rows: Vec<Value> = purchasable
            .zip((0..SUPPLIERS.len()).cycle())
            .map(|(row, supplier)| {
                let (code, _, days) = SUPPLIERS[supplier];
                json!({ "product": { "sku": row["sku"] }, "supplier": { "code": code }, "unitCost": row["unitCost"],
                        "packSize": 6, "minimumOrder": 12, "leadTimeDays": days, "isPreferred": true })
            })
            .collect();
        let fields = "rows { userErrors { code message } }";
        self.call("supplierProductBulkUpsert", "SupplierProductBulkUpsertInput", fields, json!({ "rows": rows })).await?;
        Ok(())
    }

    async fn people(&mut self) -> Result<(), DemoError> {
        let mut rows = Vec::new();
        for first_name in FIRST_NAMES {
            for last_name in LAST_NAMES {
                let word = format!("{first_name}.{last_name}").to_lowercase();
                rows.push(json!({ "externalRef": format!("demo-{word}"), "name": format!("{first_name} {last_name}"), "email": format!("{word}@example.com"), "country": "GB" }));
            }
        }
        let fields = "rows { customer { id } userErrors { code message } }";
        let mut created = self.call("customerBulkUpsert", "CustomerBulkUpsertInput", fields, json!({ "rows": rows })).await?;
        let rows = created["rows"].as_array_mut().into_iter().flatten();
        self.customers = rows.map(|row| row["customer"]["id"].take()).collect();
        Ok(())
    }
}

const PRODUCT_ROWS: &str = "rows { product { id sku } userErrors { code message } }";

/// Products of the ranges, each with its barcode; the first two of a range also with that of a case of twelve.
fn untracked_products(categories: &HashMap<String, Value>, suppliers: &[Value]) -> Vec<Value> {
    let mut rows = Vec::new();
    for ((range, (category, pence, names)), supplier) in (0..).zip(RANGES).zip(suppliers.iter().cycle()) {
        for (index, name) in (0_u64..).zip(names) {
            let price = pence + 45 * index;
            let digits = format!("5099999{:05}", range * 10 + index);
            let mut barcodes = vec![json!({ "code": with_check_digit(&digits), "packQuantity": 1 })];
            if index < 2 {
                barcodes.push(json!({ "code": with_check_digit(&format!("1{digits}")), "packQuantity": 12 }));
            }
            rows.push(json!({
                "sku": format!("DS-{}-{}", category.to_uppercase(), index + 1), "name": name, "status": "ACTIVE",
                "price": pounds(price), "unitCost": pounds(price * 2 / 5), "barcodes": barcodes,
                "category": { "id": categories[category] }, "supplier": { "id": supplier },
            }));
        }
    }
    rows
}

/// Products that are kept by lots or serial numbers.
fn tracked_products(
    tracking: &str,
    word: &str,
    names: &[&str],
    (category, supplier): (&Value, &Value),
    pence: u64,
) -> Vec<Value> {
    let row = |(index, name): (u64, &&str)| {
        let price = pence + 55 * index;
        json!({ "sku": format!("{word}-{index}"), "name": name, "status": "ACTIVE", "tracking": tracking,
                "price": pounds(price), "unitCost": pounds(price * 2 / 5), "category": { "id": category }, "supplier": { "id": supplier } })
    };
    (1..).zip(names).map(row).collect()
}

/// The IDs in the rows of a payload, by a field of the rows' nodes.
fn by_name(payload: &Value, node: &str, name: &str) -> HashMap<String, Value> {
    let rows = payload["rows"].as_array().into_iter().flatten();
    rows.filter_map(|row| Some((row[node][name].as_str()?.to_owned(), row[node]["id"].clone()))).collect()
}

/// Appends the check digit of GS1 to the digits.
fn with_check_digit(digits: &str) -> String {
    let weighted_digits = digits.bytes().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted_digits.map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::with_check_digit;

    #[test]
    fn a_barcode_ends_with_its_check_digit() {
        assert_eq!(with_check_digit("400638133393"), "4006381333931");
        assert_eq!(with_check_digit("0950600013435"), "09506000134352");
    }
}
