//! The customer of an order or a return is shown only to callers who may see customers, by each
//! path and to each kind of caller.

use serde_json::json;

use crate::{authorization::world::World, world::on_both};

on_both!(whom_a_document_is_of_is_told_to_those_who_may_see_customers);

async fn whom_a_document_is_of_is_told_to_those_who_may_see_customers(world: &World) {
    let company = &world.ours;
    let query = "query($order: OrderRef!) {
        orders { nodes { number customer { id name country externalRef } } }
        written: orders { nodes { number allowedActions customer { id name } } }
        order(by: $order) { customer { name } returns { customer { name } } }
        returns { nodes { customer { name } } } }";
    let variables = json!({ "order": { "id": company.ids["ord"] } });
    let reader = ["order.read", "stock.movement.read"];
    let answer = world.execute(company, Some(company.owner_with(&reader)), query, &variables).await;
    assert!(answer["errors"].is_null(), "a mask is no error: {answer:#}");
    assert!(!answer.to_string().contains("alpha buyer"), "{answer:#}");
    assert!(answer["data"]["orders"]["nodes"][0]["number"].is_string(), "{answer:#}");
    let clerk = company.owner_with(&["order.read", "stock.movement.read", "customer.read"]);
    let answer = world.execute(company, Some(clerk.clone()), query, &variables).await;
    for part in ["orders", "written", "returns"] {
        assert!(answer["data"][part].to_string().contains("alpha buyer"), "{part}: {answer:#}");
    }
    // Nor can it be found out by a filter of orders by customer.
    let filter =
        "query($filter: OrderFilter!) { ordersCount(filter: $filter) { count } orders(filter: $filter) { nodes { id } } }";
    let variables = json!({ "filter": { "customer": { "eq": company.ids["cus"] } } });
    for (test, field) in [
        (variables["filter"].clone(), json!(["filter", "customer"])),
        (json!({ "customer": { "key": ["nobody"] } }), json!(["filter", "customer"])),
        (json!({ "or": [{ "not": { "customer": { "isNull": true } } }] }), json!(["filter", "or", "0", "not", "customer"])),
    ] {
        let answer = world.execute(company, Some(company.owner_with(&reader)), filter, &json!({ "filter": test })).await;
        let error = &answer["errors"][0];
        assert_eq!((&error["permission"], &error["field"]), (&json!("customer.read"), &field), "{answer:#}");
    }
    let answer = world.execute(company, Some(clerk), filter, &variables).await;
    assert!(answer["data"]["ordersCount"]["count"].as_i64().is_some_and(|count| count > 0), "{answer:#}");
    let back = "query($id: ID!) { returns(filter: { customer: { eq: $id } }) { nodes { id } } }";
    let answer = world.execute(company, Some(company.owner_with(&reader)), back, &json!({ "id": company.ids["cus"] })).await;
    assert_eq!(answer["errors"][0]["permission"], "customer.read", "{answer:#}");
    assert_eq!(answer["errors"][0]["field"], json!(["filter", "customer"]), "{answer:#}");
    let sales = "{ salesReport(groupBy: CUSTOMER) { key } }";
    let answer = world.execute(company, Some(company.owner_with(&["report.read"])), sales, &json!({})).await;
    assert_eq!(answer["errors"][0]["permission"], "customer.read", "{answer:#}");
    let answer = world.execute(company, Some(company.owner_with(&["report.read", "customer.read"])), sales, &json!({})).await;
    assert!(answer.to_string().contains(&company.ids["cus"]), "{answer:#}");
}
