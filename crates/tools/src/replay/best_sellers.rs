//! The best-selling products of a report. Products with equal sales have no defined order, so ties
//! are put into the expected order, also if the list ends among them.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::json;

use super::answers::{self, ProductName, TopProduct};
use super::error::ReplayError;
use super::flat_values::TOP_PRODUCTS;
use super::wire::{Client, RequestLabel, request};

/// Maximum rows of a report; more than the list needs, as ties may continue after its end.
pub const ROWS: usize = 250;

/// A product and how much of it was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BestSeller {
    pub sku: String,
    pub name: String,
    pub units: i64,
}

#[derive(Deserialize)]
struct ProductAnswer {
    product: Option<FoundProduct>,
}

#[derive(Deserialize)]
struct FoundProduct {
    id: String,
    sku: String,
    name: String,
}

#[derive(Deserialize)]
struct MovementsAnswer {
    movements: Vec<answers::Movements>,
}

/// The best of a report's rows; `expected` are the SKUs in the order in which the file's section has them.
pub async fn fetch_best_sellers(
    client: &Client,
    rows: &[TopProduct],
    expected: &[String],
) -> Result<Vec<BestSeller>, ReplayError> {
    let to_best = |row: &TopProduct| {
        let ProductName { sku, name } = row.product.clone()?;
        Some(BestSeller { sku, name, units: row.units_sold })
    };
    let mut all: Vec<BestSeller> = rows.iter().filter_map(to_best).collect();
    let last = rows.last().map(|row| row.units_sold);
    if rows.len() == ROWS && last == rows.get(TOP_PRODUCTS - 1).map(|row| row.units_sold) {
        for sku in expected {
            if !all.iter().any(|best| best.sku == *sku) {
                all.extend(fetch_product(client, sku).await?.filter(|best| Some(best.units) == last));
            }
        }
    }
    Ok(rank_products(all, expected))
}

/// A product that the report leaves out.
async fn fetch_product(client: &Client, sku: &str) -> Result<Option<BestSeller>, ReplayError> {
    let label = RequestLabel::new("product", sku);
    let product_answer: ProductAnswer = client.send_query(&label, request(answers::PRODUCT_BY_SKU, json!({"sku": sku}))?).await?;
    let Some(FoundProduct { id, sku, name }) = product_answer.product else { return Ok(None) };
    let sales_answer: MovementsAnswer =
        client.send_query(&label, request(answers::UNITS_SOLD, json!({"products": [id]}))?).await?;
    let units = sales_answer.movements.iter().map(|row| row.units_out).sum();
    Ok(Some(BestSeller { sku, name, units }))
}

fn rank_products(mut all: Vec<BestSeller>, expected: &[String]) -> Vec<BestSeller> {
    // A product without sales is not among the best, however few there are.
    all.retain(|best| best.units > 0);
    let expected_rank = |sku: &str| expected.iter().position(|e| e == sku).unwrap_or(usize::MAX);
    all.sort_by(|a, b| (Reverse(a.units), expected_rank(&a.sku), &a.sku).cmp(&(Reverse(b.units), expected_rank(&b.sku), &b.sku)));
    all.truncate(TOP_PRODUCTS);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_stand_as_they_are_expected_and_who_sold_nothing_is_left_out() {
        let all = |units: &[(&str, i64)]| -> Vec<BestSeller> {
            units.iter().map(|(sku, units)| BestSeller { sku: (*sku).to_owned(), name: String::new(), units: *units }).collect()
        };
        let skus = |expected: &[&str], units: &[(&str, i64)]| -> Vec<String> {
            let expected: Vec<String> = expected.iter().map(|sku| (*sku).to_owned()).collect();
            rank_products(all(units), &expected).into_iter().map(|best| best.sku).collect()
        };
        assert_eq!(skus(&["b", "a"], &[("a", 5), ("b", 5), ("c", 9), ("d", 0)]), ["c", "b", "a"]);
        assert_eq!(skus(&[], &[("b", 5), ("a", 5)]), ["a", "b"]);
        // At the cut: any of the tied ones may be expected.
        let many: Vec<String> = (0..20).map(|n| format!("p{n:02}")).collect();
        let tied: Vec<(&str, i64)> = many.iter().map(|sku| (sku.as_str(), 3)).collect();
        let asked: Vec<&str> = many[10..].iter().map(String::as_str).collect();
        assert_eq!(skus(&asked, &tied), asked);
        // An expected product that sold less is not moved up.
        assert_eq!(skus(&["z"], &[("z", 1), ("y", 2)]), ["y", "z"]);
    }
}
