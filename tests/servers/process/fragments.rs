//! Fragments that clients keep beside their components, over the lists that are written as one text.

use serde_json::json;

use super::{
    server::{Server, Site},
    shop::{ORDER, Shop},
};
use crate::world::on_both;

on_both!(what_two_fragments_ask_of_a_list_is_all_there, site: Site => {
    let server = Server::start(site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 7).await;
    let line = json!({ "product": { "id": shop.products[0] }, "quantity": 2 });
    let order = json!({ "idempotencyKey": "order", "store": { "id": shop.stores[0] }, "status": "CONFIRMED", "lines": [line] });
    shop.client.must_mutate(ORDER, order).await;
    let query = "query($brief: Boolean = false) {
        products(first: 1) { nodes { ...Row ...Stock } } products(first: 1) { nodes { name } }
        product(by: { sku: \"P0\" }) { stock { onHand } ... @skip(if: $brief) { stock { available } } }
        orders(first: 1) { nodes { number } nodes { lines { quantity } } }
      }
      fragment Row on Product { sku stock { store { code } } }
      fragment Stock on Product { stock { onHand available } }";
    let answer = shop.client.execute(query, json!({})).await;
    let stock = json!([{ "store": { "code": "S0" }, "onHand": 7, "available": 5 }]);
    assert_eq!(answer["products"]["nodes"], json!([{ "sku": "P0", "stock": stock, "name": "Mug 0" }]));
    assert_eq!(answer["product"]["stock"], json!([{ "onHand": 7, "available": 5 }]));
    assert_eq!(answer["orders"]["nodes"], json!([{ "number": "SO-000001", "lines": [{ "quantity": 2 }] }]));
});
