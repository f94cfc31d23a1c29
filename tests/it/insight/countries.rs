//! Sales by country use the country that an order was sold to, even after its customer has moved.

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(an_order_keeps_the_country_that_it_was_sold_to, orders_of_an_older_release_take_what_is_known,);

/// Units sold and returned by country.
async fn by_country(office: &Office<'_>) -> Value {
    let query = "{ salesReport(groupBy: COUNTRY) { key unitsSold unitsReturned } }";
    let answer = office.execute(query, json!({})).await;
    let rows = answer["data"]["salesReport"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
    let row = |row: Value| (row["key"].as_str().unwrap_or("none").to_owned(), json!([row["unitsSold"], row["unitsReturned"]]));
    Value::Object(rows.into_iter().map(row).collect())
}

async fn stocked(office: &Office<'_>) -> Value {
    let mug = office.product("MUG", "2.00").await;
    let changes = json!([{ "product": mug, "store": office.store, "delta": 100 }]);
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    mug
}

async fn customer(office: &Office<'_>, name: &str, country: Value) -> Value {
    let input = json!({ "externalRef": name, "name": name, "country": country });
    accepted(&office.mutate("customerCreate", "CustomerCreateInput", "customer { id version }", input).await, "customer").clone()
}

async fn sell(office: &Office<'_>, product: &Value, quantity: i64, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "lines": [{ "product": product, "quantity": quantity }] });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    office.mutate("orderCreate", "OrderCreateInput", "order { id shippingCountry lines { id } }", input).await
}

async fn an_order_keeps_the_country_that_it_was_sold_to(world: &World) {
    let office = Office::of(world).await;
    let mug = stocked(&office).await;
    // The company has sold before, to a customer without a country.
    let before = by_country(&office).await;
    assert_eq!(before.as_object().unwrap().keys().collect::<Vec<_>>(), ["none"], "{before}");
    let ada = customer(&office, "Ada", json!("fr")).await;
    let first = sell(&office, &mug, 3, json!({ "customerId": ada["id"] })).await;
    assert_eq!(accepted(&first, "order")["shippingCountry"], "FR");
    // A guest's country is taken from the order; so is that of a present.
    let guest = sell(&office, &mug, 4, json!({ "shippingCountry": "it" })).await;
    assert_eq!(accepted(&guest, "order")["shippingCountry"], "IT");
    let present = sell(&office, &mug, 5, json!({ "customerId": ada["id"], "shippingCountry": "Atlantis" })).await;
    assert_eq!(accepted(&present, "order")["shippingCountry"], "Atlantis");
    let nobody = sell(&office, &mug, 6, json!({})).await;
    assert_eq!(accepted(&nobody, "order")["shippingCountry"], Value::Null);
    // Ada moves. Her first order was sold to France, and its return counts for France.
    let input = json!({ "id": ada["id"], "expectedVersion": ada["version"], "country": "ES" });
    accepted(&office.mutate("customerUpdate", "CustomerUpdateInput", "customer { id }", input).await, "customer");
    let again = sell(&office, &mug, 7, json!({ "customerId": ada["id"] })).await;
    assert_eq!(accepted(&again, "order")["shippingCountry"], "ES");
    let line = &accepted(&first, "order")["lines"][0]["id"];
    let back = json!({ "idempotencyKey": key(), "store": office.store, "customerId": ada["id"], "receive": true,
        "lines": [{ "product": mug, "orderLineId": line, "quantity": 1, "disposition": "RESTOCK" }] });
    let back = office.mutate("returnCreate", "ReturnCreateInput", "return { id }", back).await;
    accepted(&back, "return");
    let found = by_country(&office).await;
    for (country, figures) in [("FR", json!([3, 1])), ("IT", json!([4, 0])), ("Atlantis", json!([5, 0])), ("ES", json!([7, 0]))] {
        assert_eq!(found[country], figures, "{country}: {found}");
    }
    assert_eq!(found["none"][0].as_i64().unwrap() - before["none"][0].as_i64().unwrap(), 6, "{found}");
    // Invalid countries are refused.
    for (country, code) in [("", "INVALID"), ("  ", "INVALID"), ("F\nR", "INVALID")] {
        refused(&sell(&office, &mug, 1, json!({ "shippingCountry": country })).await, code, "input.shippingCountry");
    }
    refused(&sell(&office, &mug, 1, json!({ "shippingCountry": "x".repeat(65) })).await, "TOO_LONG", "input.shippingCountry");
    office.is_sound().await;
}

async fn orders_of_an_older_release_take_what_is_known(world: &World) {
    let office = Office::of(world).await;
    let mug = stocked(&office).await;
    let ada = customer(&office, "Ada", json!("FR")).await;
    accepted(&sell(&office, &mug, 3, json!({ "customerId": ada["id"] })).await, "order");
    accepted(&sell(&office, &mug, 2, json!({})).await, "order");
    // As the migration found them.
    let migration = include_str!("../../../migration/src/m0034/identities.sql");
    let filling: Vec<&str> = migration.split("\n;;\n").filter(|sql| sql.starts_with("UPDATE")).collect();
    assert_eq!(filling.len(), 2);
    world.as_owner(&["UPDATE sales_order SET country = NULL", "UPDATE sales_return SET country = NULL"]).await;
    assert_eq!(by_country(&office).await["FR"], Value::Null);
    world.as_owner(&filling).await;
    assert_eq!(by_country(&office).await["FR"], json!([3, 0]));
    office.is_sound().await;
}
