//! Cost of sorts of lists.

use serde_json::json;

use super::cost::points;

/// A page in an order without an index is picked from all rows that pass the filter, under
/// whichever name the order is requested.
#[test]
fn a_sort_without_an_index_costs_what_reading_all_rows_does() {
    for (arguments, variables, expected) in [
        ("", json!({}), 4),
        ("sort: { field: PRODUCT_NAME }", json!({}), 4),
        ("sort: { field: STORE_CODE, direction: DESC }", json!({}), 4),
        ("sort: { field: AVAILABLE }", json!({}), 9),
        ("orderBy: { field: ON_HAND }", json!({}), 9),
        ("sort: { field: UPDATED_AT, direction: DESC }, filter: { status: [LOW] }", json!({}), 14),
        ("sort: { field: $f }", json!({}), 9),
        ("sort: { field: $f }", json!({ "f": "PRODUCT_SKU" }), 4),
        ("sort: $s", json!({ "s": { "field": "ON_HAND", "direction": "ASC" } }), 9),
        ("sort: $s", json!({ "s": null }), 4),
    ] {
        let query = format!(
            "query($s: StockSort, $f: StockSortField = AVAILABLE) {{ stockLevels(first: 50, {arguments}) {{ nodes {{ id }} }} }}"
        );
        assert_eq!(points(&query, variables.clone()), expected, "{arguments} {variables}");
    }
    for (list, free, dear, extra) in [
        ("productFamilies(sort: { field: FIELD }) { nodes { id } }", "", "NAME", 5),
        ("backorders(sort: { field: FIELD }) { nodes { quantity } }", "PLACED_AT", "BACKORDERED", 5),
        ("expiringLots(within: 30, sort: { field: FIELD }) { nodes { quantity } }", "EXPIRES_ON", "QUANTITY", 5),
        // This order is that of a search of products, which has its usual price.
        ("products(filter: { search: \"mug\" }, sort: { field: FIELD }) { nodes { id } }", "SKU", "RELEVANCE", 0),
        ("stores(first: 50) { nodes { stockLevels(sort: { field: FIELD }) { nodes { id } } } }", "STORE_CODE", "AVAILABLE", 250),
    ] {
        let by = |field: &str| {
            if field.is_empty() { list.replace("(sort: { field: FIELD })", "") } else { list.replace("FIELD", field) }
        };
        let [free, dear] = [free, dear].map(|field| points(&format!("{{ {} }}", by(field)), json!({})));
        assert_eq!(dear - free, extra, "{list}");
    }
}
