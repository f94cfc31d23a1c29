//! Changes of an object and the notes on it, as they are shown to viewers with different
//! permissions.

use entity::prelude::*;
use entrepot::{access::OWNER, audit::verify};
use serde_json::{Value, json};

use crate::{
    authorization::world::{Company, World},
    world::on_both,
};

mod attachments;
mod notes;

on_both!(
    a_price_a_role_and_a_setting_are_shown_before_and_after,
    a_customers_name_is_a_mark_until_they_are_forgotten,
    costs_people_and_foreign_things_stay_hidden,
    a_bulk_writes_a_history_for_each_row,
    pages_of_a_history_have_everything_once,
    movements_and_steps_stand_in_the_history_of_their_document,
    waves_receipts_and_legal_entities_are_tagged_too,
    edits_of_documents_show_what_they_changed,
);

const HISTORY: &str = "query($id: ID!, $kinds: [HistoryKind!], $first: Int, $after: Cursor) {
    history(nodeId: $id, kinds: $kinds, first: $first, after: $after) {
        nodes { kind action nodeId targetId actor { kind id name } fields { path before after isPersonal isMasked } note { text } }
        pageInfo { hasNextPage endCursor } } }";

async fn history_of(world: &World, company: &Company, id: &str, kinds: &[&str]) -> Vec<Value> {
    let kinds = if kinds.is_empty() { Value::Null } else { json!(kinds) };
    let answer = world.execute(company, Some(company.owner.clone()), HISTORY, &json!({ "id": id, "kinds": kinds })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["history"]["nodes"].as_array().cloned().unwrap_or_else(|| panic!("{answer:#}"))
}

/// The field of the newest change.
async fn changed(world: &World, company: &Company, id: &str, path: &str) -> (Value, Value) {
    let changes = history_of(world, company, id, &["CHANGE"]).await;
    let fields = changes[0]["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["path"] == path).unwrap_or_else(|| panic!("no {path}: {fields:#?}"));
    (field["before"].clone(), field["after"].clone())
}

async fn version_of(world: &World, company: &Company, id: &str, kind: &str) -> i64 {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ version }} }} }}");
    let answer = world.execute(company, Some(company.owner.clone()), &query, &json!({ "id": id })).await;
    answer["data"]["node"]["version"].as_i64().unwrap_or_else(|| panic!("{answer:#}"))
}

async fn update(world: &World, company: &Company, noun: &str, id: &str, kind: &str, fields: Value) {
    let mut input = json!({ "id": id, "expectedVersion": version_of(world, company, id, kind).await });
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let query = format!(
        "mutation($input: {kind}UpdateInput!) {{ {noun}Update(input: $input) {{ userErrors {{ code field message }} }} }}"
    );
    world.must_mutate(company, &query, json!({ "input": input })).await;
}

fn pounds(amount: &str) -> Value {
    json!({ "amount": amount, "currencyCode": "GBP" })
}

async fn a_price_a_role_and_a_setting_are_shown_before_and_after(world: &World) {
    let company = &world.ours;
    let product = &company.ids["prd"];
    update(world, company, "product", product, "Product", json!({ "price": pounds("5.00") })).await;
    assert_eq!(changed(world, company, product, "price").await, (pounds("4.00"), pounds("5.00")));

    let member = &company.ids["mem"];
    let all = json!({ "all": true });
    let grants = json!([{ "roleId": OWNER.id.to_string(), "scope": all }, { "roleId": company.ids["rol"], "scope": all }]);
    let input =
        json!({ "memberId": member, "expectedVersion": version_of(world, company, member, "Member").await, "grants": grants });
    let query = "mutation($input: MemberRolesSetInput!) { memberRolesSet(input: $input) { userErrors { code field message } } }";
    world.must_mutate(company, query, json!({ "input": input })).await;
    let (before, after) = changed(world, company, member, &format!("roles.{}", company.ids["rol"])).await;
    assert_eq!((before, &after[0]["scope"]["all"]), (Value::Null, &json!(true)));

    let store = &company.ids["sto"];
    let tags = json!({ "nodeId": store, "tags": ["north"], "metadata": { "erp": 7 } });
    step(world, company, "nodeTagsSet", "NodeTagsSetInput", tags).await;
    assert_eq!(changed(world, company, store, "tags").await.1, json!(["north"]));
    assert_eq!(changed(world, company, store, "metadata").await.1, json!({ "erp": 7 }));
    let stores = json!([{ "store": { "id": store }, "priority": 3 }]);
    step(world, company, "sourcingSet", "SourcingSetInput", json!({ "stores": stores })).await;
    assert_eq!(changed(world, company, store, "sourcing.priority").await, (json!(0), json!(3)));

    let endpoint = &company.ids["whe"];
    update(world, company, "webhookEndpoint", endpoint, "WebhookEndpoint", json!({ "description": "the till" })).await;
    assert_eq!(changed(world, company, endpoint, "description").await.1, json!("the till"));

    let tenant = &company.ids["ten"];
    let document = "{ viewer { tenant { settings { version } } } }";
    let answer = world.execute(company, Some(company.owner.clone()), document, &json!({})).await;
    let input =
        json!({ "expectedVersion": answer["data"]["viewer"]["tenant"]["settings"]["version"], "reservationSeconds": 1200 });
    let query = "mutation($input: TenantUpdateInput!) { tenantUpdate(input: $input) { userErrors { code field message } } }";
    world.must_mutate(company, query, json!({ "input": input })).await;
    assert_eq!(changed(world, company, tenant, "reservationSeconds").await.1, json!(1200));
}

async fn a_customers_name_is_a_mark_until_they_are_forgotten(world: &World) {
    let company = &world.ours;
    let customer = &company.ids["cus"];
    let rename = async |name: &str| {
        update(world, company, "customer", customer, "Customer", json!({ "name": name })).await;
        changed(world, company, customer, "name").await
    };
    let (first, second) = rename("Ada").await;
    assert_eq!((first.as_str().map(str::len), second.as_str().map(str::len)), (Some(16), Some(16)), "marks");
    assert_eq!(rename("Bob").await.0, second, "the key of the marks is made once");
    assert_eq!(rename("Ada").await.1, second, "changed back");
    update(world, company, "customer", customer, "Customer", json!({ "tags": ["Ada"] })).await;
    assert_eq!(changed(world, company, customer, "tags").await.1.as_str().map(str::len), Some(16), "a mark, too");

    let key = "SELECT 1 FROM subject_history WHERE tenant_id = $1 AND id = $2";
    let scope = world.node.db.tenant(company.owner.tenant);
    let id: CustomerId = customer.parse().unwrap();
    let keys = async || entrepot::storage::Reads::rows(&scope, key, vec![id.into()]).await.unwrap().len();
    assert_eq!(keys().await, 1);
    let input = json!({ "id": customer, "expectedVersion": version_of(world, company, customer, "Customer").await });
    let erase = "mutation($input: CustomerEraseInput!) { customerErase(input: $input) { userErrors { code field message } } }";
    world.must_mutate(company, erase, json!({ "input": input })).await;
    assert_eq!(keys().await, 0, "nothing is left to compare marks with");

    update(world, company, "customer", customer, "Customer", json!({ "name": "Ada" })).await;
    assert_ne!(changed(world, company, customer, "name").await.1, second, "the same name has another mark now");
    world.node.audit.seal_all().await.unwrap();
    let found = verify::verify_chain(&scope, Some(world.node.audit.audit_writer()), None).await.unwrap();
    assert!(found.is_ok(), "{found:?}");
    let log = entrepot::audit::rows::chain(&scope, 1, 10_000).await.unwrap();
    let entries = log.iter().filter(|stored| stored.entry.target.as_ref().is_some_and(|target| target.id == id.uuid()));
    assert!(entries.clone().count() > 4 && entries.clone().all(|stored| !stored.entry.changes.contains("Ada")));
}

async fn costs_people_and_foreign_things_stay_hidden(world: &World) {
    let company = &world.ours;
    let product = &company.ids["prd"];
    update(world, company, "product", product, "Product", json!({ "unitCost": pounds("2.00") })).await;
    let input = json!({ "id": product, "kinds": ["CHANGE"] });
    let stranger = entrepot::access::Caller { actor: Actor::member(MemberId::NIL), ..company.owner_with(&["product.read"]) };
    let answer = world.execute(company, Some(stranger), HISTORY, &input).await;
    let newest = &answer["data"]["history"]["nodes"][0];
    let cost = newest["fields"].as_array().unwrap().iter().find(|field| field["path"] == "unitCost").unwrap();
    assert_eq!((&cost["before"], &cost["after"], &cost["isMasked"]), (&Value::Null, &Value::Null, &json!(true)));
    assert_eq!(newest["actor"], json!({ "kind": "MEMBER", "id": null, "name": "a member" }));
    assert_eq!(changed(world, company, product, "unitCost").await, (pounds("1.00"), pounds("2.00")));

    let denied = world.execute(company, Some(company.owner_with(&["store.read"])), HISTORY, &input).await;
    assert_eq!((&denied["errors"][0]["code"], &denied["errors"][0]["permission"]), (&json!("FORBIDDEN"), &json!("product.read")));
    let foreign = world.execute(&world.theirs, Some(world.theirs.owner.clone()), HISTORY, &input).await;
    assert_eq!(foreign, json!({ "data": { "history": null }, "errors": null }));
}

async fn a_bulk_writes_a_history_for_each_row(world: &World) {
    let company = &world.ours;
    let rows: Vec<Value> = (0..5).map(|n| json!({ "slug": format!("bulk-{n}"), "name": format!("Bulk {n}") })).collect();
    let query = "mutation($input: CategoryBulkUpsertInput!) { categoryBulkUpsert(input: $input) {
        rows { category { id } } userErrors { code field message } } }";
    let payload = world.must_mutate(company, query, json!({ "input": { "idempotencyKey": "bulk", "rows": rows } })).await;
    for (n, row) in payload["rows"].as_array().unwrap().iter().enumerate() {
        let id = row["category"]["id"].as_str().unwrap();
        assert_eq!(changed(world, company, id, "name").await, (Value::Null, json!(format!("Bulk {n}"))));
    }
}

async fn pages_of_a_history_have_everything_once(world: &World) {
    let company = &world.ours;
    let product = &company.ids["prd"];
    for amount in ["6.00", "7.00", "8.00"] {
        update(world, company, "product", product, "Product", json!({ "price": pounds(amount) })).await;
    }
    let whole: Vec<Value> = history_of(world, company, product, &[]).await.iter().map(|item| item["nodeId"].clone()).collect();
    let kinds: Vec<Value> = history_of(world, company, product, &[]).await.iter().map(|item| item["kind"].clone()).collect();
    for kind in ["CHANGE", "MOVEMENT", "NOTE"] {
        assert!(kinds.contains(&json!(kind)), "{kind}: {kinds:?}");
    }
    assert_eq!(paged(world, company, product).await, whole);
}

/// Returns the items of a history, read two at a time.
async fn paged(world: &World, company: &Company, id: &str) -> Vec<Value> {
    let (mut paged, mut after) = (Vec::new(), Value::Null);
    loop {
        let input = json!({ "id": id, "first": 2, "after": after });
        let answer = world.execute(company, Some(company.owner.clone()), HISTORY, &input).await;
        let page = &answer["data"]["history"];
        paged.extend(page["nodes"].as_array().unwrap().iter().map(|item| item["nodeId"].clone()));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            return paged;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn movements_and_steps_stand_in_the_history_of_their_document(world: &World) {
    let company = &world.ours;
    let order = history_of(world, company, &company.ids["ord"], &[]).await;
    let of = |kind: &str| order.iter().filter(|item| item["kind"] == kind).map(|item| &item["action"]).collect::<Vec<_>>();
    assert!(of("STEP").contains(&&json!("orderFulfil")) && of("STEP").contains(&&json!("orderCreate")), "{order:#?}");
    assert!(of("MOVEMENT").contains(&&json!("SALE")), "{order:#?}");
    let input = json!({ "id": company.ids["ord"], "kinds": ["MOVEMENT"] });
    let blind = world.execute(company, Some(company.owner_with(&["order.read"])), HISTORY, &input).await;
    assert_eq!(blind["data"]["history"]["nodes"], json!([]), "without stock.movement.read");
    // Rows that belong to the order are part of its history, for those who may read them.
    let paid = order.iter().find(|item| item["kind"] == "PAYMENT").unwrap_or_else(|| panic!("{order:#?}"));
    assert_eq!((&paid["action"], &paid["targetId"]), (&json!("paymentRecord"), &json!(company.ids["pay"])));
    assert!(of("PAPER").contains(&&json!("invoiceIssue")) && of("DOCUMENT").contains(&&json!("returnCreate")), "{order:#?}");
    let work = &company.ids["fwk"];
    step(world, company, "nodeTagsSet", "NodeTagsSetInput", json!({ "nodeId": work, "tags": ["rush"] })).await;
    let newest = history_of(world, company, &company.ids["ord"], &["DOCUMENT"]).await.remove(0);
    let newest_change = (&newest["action"], &newest["targetId"], &newest["fields"][0]["after"]);
    assert_eq!(newest_change, (&json!("nodeTagsSet"), &json!(work), &json!(["rush"])));
    let input = json!({ "id": company.ids["ord"], "kinds": ["DOCUMENT", "PAYMENT"] });
    let blind = world.execute(company, Some(company.owner_with(&["order.read"])), HISTORY, &input).await;
    let seen: Vec<&Value> = blind["data"]["history"]["nodes"].as_array().unwrap().iter().map(|item| &item["targetId"]).collect();
    assert!(seen.contains(&&json!(company.ids["pay"])) && !seen.contains(&&json!(work)), "without fulfilment.read: {seen:?}");
    assert_eq!(
        paged(world, company, &company.ids["ord"]).await.len(),
        history_of(world, company, &company.ids["ord"], &[]).await.len()
    );
}

async fn waves_receipts_and_legal_entities_are_tagged_too(world: &World) {
    let company = &world.ours;
    let document =
        "query($id: ID!) { node(id: $id) { ... on FulfilmentWave { tags metadata } ... on GoodsReceipt { tags metadata }
        ... on LegalEntity { tags metadata } } }";
    for (prefix, may) in [("fwv", "fulfilment.read"), ("grn", "purchase.read"), ("len", "tenant.write")] {
        let id = &company.ids[prefix];
        let input = json!({ "nodeId": id, "tags": [prefix, prefix.to_uppercase()], "metadata": { "erp": 7 } });
        step(world, company, "nodeTagsSet", "NodeTagsSetInput", input).await;
        let answer = world.execute(company, Some(company.owner_with(&[may])), document, &json!({ "id": id })).await;
        assert_eq!(answer["data"]["node"], json!({ "tags": [prefix], "metadata": { "erp": 7 } }), "{answer:#}");
        let newest = history_of(world, company, id, &[]).await.remove(0);
        assert_eq!((&newest["action"], &newest["targetId"]), (&json!("nodeTagsSet"), &Value::Null), "{prefix}");
    }
    let input = json!({ "idempotencyKey": "clerk", "nodeId": company.ids["grn"], "tags": [] });
    let query = "mutation($input: NodeTagsSetInput!) { nodeTagsSet(input: $input) { userErrors { code } } }";
    let denied = world.execute(company, Some(company.owner_with(&["purchase.read"])), query, &json!({ "input": input })).await;
    assert_eq!(denied["errors"][0]["permission"], json!("purchase.receive"));
}

/// Calls a mutation of a document, with a new idempotency key.
async fn step(world: &World, company: &Company, mutation: &str, kind: &str, input: Value) {
    let query = format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code field message }} }} }}");
    let mut input = input;
    input["idempotencyKey"] = json!(world.node.clock.uuid().to_string());
    world.must_mutate(company, &query, json!({ "input": input })).await;
}

async fn edits_of_documents_show_what_they_changed(world: &World) {
    let company = &world.ours;
    let lines = json!([{ "product": { "id": company.ids["prd"] }, "quantity": 2 }]);
    let input = json!({ "idempotencyKey": "edited", "store": { "id": company.ids["sto"] }, "status": "DRAFT", "lines": lines });
    let query = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) {
        order { id lines { id } } userErrors { code field message } } }";
    let order = world.must_mutate(company, query, json!({ "input": input })).await["order"].clone();
    let (id, line) = (order["id"].as_str().unwrap(), order["lines"][0]["id"].as_str().unwrap());
    let edit = async |fields: Value| {
        let mut input = json!({ "id": id, "expectedVersion": version_of(world, company, id, "Order").await });
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        step(world, company, "orderUpdate", "OrderUpdateInput", input).await;
    };
    edit(json!({ "setLines": [{ "id": line, "quantity": 3, "unitPrice": pounds("3.50") }], "noteForStaff": "call first" })).await;
    assert_eq!(changed(world, company, id, &format!("lines.{line}.quantity")).await, (json!(2), json!(3)));
    assert_eq!(changed(world, company, id, &format!("lines.{line}.unitPrice")).await, (pounds("4.00"), pounds("3.50")));
    assert_eq!(changed(world, company, id, "noteForStaff").await, (Value::Null, Value::Null), "no entry is ever erased");
    assert_eq!(changed(world, company, id, "currentTotal").await, (pounds("8.00"), pounds("10.50")));
    // Contacts are logged as marks under a key of the order's own.
    let reach = async |email: &str| {
        edit(json!({ "contact": { "email": email } })).await;
        changed(world, company, id, "contact").await
    };
    let (none, ada) = reach("ada@example.com").await;
    assert_eq!((none, ada.as_str().map(str::len)), (Value::Null, Some(16)));
    assert_eq!(reach("bob@example.com").await.0, ada);
    assert_eq!(reach("ada@example.com").await.1, ada, "changed back");
    edit(json!({ "contact": null })).await;
    assert_ne!(reach("ada@example.com").await.1, ada, "the key of the marks went with what they were of");
    step(world, company, "orderHoldSet", "OrderHoldSetInput", json!({ "id": id, "kind": "CREDIT", "reason": "limit" })).await;
    let newest = history_of(world, company, id, &["CHANGE"]).await.remove(0);
    assert_eq!(newest["action"], "orderHoldSet");
    assert_eq!(newest["fields"][0]["after"], json!({ "kind": "CREDIT", "ruleCode": null }), "without its reason");
    let query = "mutation($input: CustomerCreateInput!) { customerCreate(input: $input) {
        customer { id } userErrors { code field message } } }";
    let buyer = world.must_mutate(company, query, json!({ "input": { "name": "Eve" } })).await["customer"]["id"].clone();
    edit(json!({ "customerId": buyer })).await;
    assert_eq!(changed(world, company, id, "customerId").await, (Value::Null, buyer));
    let requested_input = json!({ "id": id, "kinds": ["CHANGE"], "first": 1 });
    let blind = world.execute(company, Some(company.owner_with(&["order.read"])), HISTORY, &requested_input).await;
    let field = &blind["data"]["history"]["nodes"][0]["fields"][0];
    assert_eq!((&field["path"], &field["after"]), (&json!("customerId"), &Value::Null), "without customer.read");

    let (purchase, line) = (&company.ids["por"], &company.ids["pol"]);
    let set = json!([{ "purchaseOrderLineId": line, "quantity": 9 }]);
    step(world, company, "purchaseOrderAmend", "PurchaseOrderAmendInput", json!({ "id": purchase, "setLines": set })).await;
    assert_eq!(changed(world, company, purchase, &format!("lines.{line}.quantity")).await, (json!(10), json!(9)));
    let lines = json!([{ "product": { "id": company.ids["prd"] }, "quantity": 4 }]);
    step(world, company, "transferUpdate", "TransferUpdateInput", json!({ "id": company.ids["trf"], "lines": lines })).await;
    let newest = history_of(world, company, &company.ids["trf"], &["CHANGE"]).await.remove(0);
    let field = newest["fields"][0].clone();
    assert!(field["path"].as_str().is_some_and(|path| path.ends_with(".quantity")), "{newest}");
    assert_eq!((&field["before"], &field["after"]), (&json!(1), &json!(4)));
}
