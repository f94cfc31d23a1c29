//! Invoices and credit notes: amounts due, numbers without gaps, and papers that never change.

use entity::prelude::InvoiceId;
use entrepot::insight::verify::verify_transaction;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{address, draw_paper, html, update_order};
use crate::{
    authorization::world::World,
    purchasing::{
        office::{key, refused},
        proofs::{Break, each_is_named},
    },
    world::on_both,
};

on_both!(
    what_has_left_is_invoiced_and_then_the_rest,
    credit_notes_give_back_an_invoice_and_no_more,
    a_refusal_and_a_dry_run_take_no_number,
    of_calls_at_once_one_invoices_the_order,
    an_invoice_is_printed_as_it_was_issued,
    tax_is_shown_by_its_rates,
    an_invoice_in_euros_states_its_tax_in_pounds,
    erasing_a_customer_leaves_number_and_amounts,
    a_store_without_a_company_issues_nothing,
    a_company_keeps_its_prefixes,
    a_store_sells_for_one_company,
    an_invoice_is_of_its_own_store,
    each_proof_of_invoices_names_what_is_broken,
);

const ISSUE: &str = "mutation($input: InvoiceIssueInput!, $dry: Boolean! = false) { invoiceIssue(input: $input, validateOnly: $dry) {
    invoice { id kind number seller lines { orderLineId quantity total { amount } } net { amount } tax { amount } total { amount } issuedOn }
    userErrors { code message field } replayed seq } }";
const ORDER: &str =
    "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code message field } } }";
const CREDIT: &str = "mutation($input: CreditNoteIssueInput!) { creditNoteIssue(input: $input) {
    invoice { id kind number creditsId reason lines { quantity total { amount } } total { amount } }
    userErrors { code message field } replayed seq } }";
const ENTITY: &str = "mutation($input: LegalEntityUpsertInput!) { legalEntityUpsert(input: $input) {
    legalEntity { id code name invoicePrefix creditNotePrefix storeIds invoiceCount creditNoteCount version } userErrors { code message field } } }";

/// A company archived or restored; the payload.
async fn turned(world: &World, verb: &str, id: &Value) -> Value {
    let query = format!(
        "mutation($input: LegalEntity{verb}Input!) {{ legalEntity{verb}(input: $input) {{
            legalEntity {{ archivedAt version }} seq userErrors {{ code message field }} }} }}"
    );
    payload(world, &query, json!({ "input": { "idempotencyKey": key(), "id": id } })).await
}

pub async fn payload(world: &World, query: &str, variables: Value) -> Value {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].as_object().unwrap().values().next().unwrap().clone()
}

pub async fn issued(world: &World, order: &str, scope: &str) -> Value {
    payload(world, ISSUE, json!({ "input": { "idempotencyKey": key(), "orderId": order, "scope": scope } })).await
}

pub async fn credited(world: &World, invoice: &Value, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "invoiceId": invoice });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    payload(world, CREDIT, json!({ "input": input })).await
}

pub async fn entity(world: &World, extra: Value) -> Value {
    let mut input =
        json!({ "idempotencyKey": key(), "code": "alpha-ltd", "name": "alpha Ltd", "storeIds": [world.ours.ids["sto"]] });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    payload(world, ENTITY, json!({ "input": input })).await
}

/// An order of `quantity` mugs at the store.
pub async fn ordered(world: &World, store: &str, quantity: i64) -> String {
    let ids = &world.ours.ids;
    let input = json!({ "idempotencyKey": key(), "store": { "id": store }, "channelId": ids["chn"],
        "lines": [{ "product": { "id": ids["prd"] }, "quantity": quantity }] });
    world.must_mutate(&world.ours, ORDER, json!({ "input": input })).await["order"]["id"].as_str().unwrap().to_owned()
}

async fn what_has_left_is_invoiced_and_then_the_rest(world: &World) {
    let order = &world.ours.ids["ord"];
    let query = "query($id: ID!) { invoices(orderId: $id) { nodes { number total { amount } lines { quantity } } } }";
    let first = payload(world, query, json!({ "id": order })).await;
    let input = json!({ "number": "INV-1", "total": { "amount": "12.00" }, "lines": [{ "quantity": 3 }] });
    assert_eq!(first["nodes"], json!([input]), "4 of 10 mugs at 4.00 have left, and one has come back");
    refused(&issued(world, order, "SHIPPED").await, "INVALID_STATE", "input.orderId");
    let rest = issued(world, order, "ALL").await["invoice"].clone();
    assert_eq!((&rest["number"], &rest["kind"], &rest["seller"]), (&json!("INV-2"), &json!("INVOICE"), &json!(["alpha Ltd"])));
    assert_eq!((&rest["lines"][0]["quantity"], &rest["total"]["amount"]), (&json!(6), &json!("24.00")));
    refused(&issued(world, order, "ALL").await, "INVALID_STATE", "input.orderId");
}

async fn credit_notes_give_back_an_invoice_and_no_more(world: &World) {
    let (invoice, line) = (json!(world.ours.ids["inv"]), &world.ours.ids["oln"]);
    let lines = |quantity: i64| json!({ "lines": [{ "orderLineId": line, "quantity": quantity }], "reason": "broken" });
    let part = credited(world, &invoice, lines(1)).await["invoice"].clone();
    assert_eq!(
        (&part["kind"], &part["number"], &part["creditsId"], &part["reason"], &part["total"]["amount"]),
        (&json!("CREDIT_NOTE"), &json!("CR-1"), &invoice, &json!("broken"), &json!("4.00"))
    );
    refused(&credited(world, &invoice, lines(4)).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    let rest = credited(world, &invoice, json!({})).await["invoice"].clone();
    assert_eq!(
        (&rest["number"], &rest["lines"][0]["quantity"], &rest["total"]["amount"]),
        (&json!("CR-2"), &json!(2), &json!("8.00"))
    );
    refused(&credited(world, &invoice, json!({})).await, "INVALID_STATE", "input.invoiceId");
    refused(&credited(world, &part["id"], json!({})).await, "INVALID", "input.invoiceId");
    refused(&credited(world, &json!(world.theirs.ids["inv"]), json!({})).await, "NOT_FOUND", "input.invoiceId");
    let again = issued(world, &world.ours.ids["ord"], "SHIPPED").await["invoice"].clone();
    assert_eq!(
        (&again["number"], &again["total"]["amount"]),
        (&json!("INV-2"), &json!("12.00")),
        "what was credited can be invoiced anew"
    );
    let ids = &world.ours.ids;
    let pair = json!({ "product": { "id": ids["prd"] }, "quantity": 2, "discount": { "amount": "0.01", "currencyCode": "GBP" } });
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "channelId": ids["chn"], "lines": [pair] });
    let order =
        world.must_mutate(&world.ours, ORDER, json!({ "input": input })).await["order"]["id"].as_str().unwrap().to_owned();
    let whole = issued(world, &order, "ALL").await["invoice"].clone();
    let one = json!({ "lines": [{ "orderLineId": whole["lines"][0]["orderLineId"], "quantity": 1 }] });
    let back = credited(world, &whole["id"], one).await["invoice"].clone();
    let anew = issued(world, &order, "ALL").await["invoice"].clone();
    let amounts = [whole, back, anew].map(|paper| paper["total"]["amount"].clone());
    assert_eq!(amounts, [json!("7.99"), json!("3.99"), json!("3.99")], "all together 7.99");
}

async fn a_refusal_and_a_dry_run_take_no_number(world: &World) {
    let order = &world.ours.ids["ord"];
    refused(&issued(world, order, "SHIPPED").await, "INVALID_STATE", "input.orderId");
    let input = json!({ "idempotencyKey": "once", "orderId": order, "scope": "ALL" });
    let tried = payload(world, ISSUE, json!({ "input": input, "dry": true })).await;
    let expected = ["number", "total"].map(|name| tried["invoice"][name].clone());
    assert_eq!((expected, &tried["seq"]), ([json!("INV-·"), json!({ "amount": "24.00" })], &Value::Null));
    let first = payload(world, ISSUE, json!({ "input": input })).await;
    assert_eq!((&first["invoice"]["number"], &first["replayed"]), (&json!("INV-2"), &json!(false)));
    let again = payload(world, ISSUE, json!({ "input": input })).await;
    assert_eq!(
        (&again["invoice"]["id"], &again["replayed"], &again["seq"]),
        (&first["invoice"]["id"], &json!(true), &first["seq"])
    );
}

async fn of_calls_at_once_one_invoices_the_order(world: &World) {
    let order = ordered(world, &world.ours.ids["sto"], 3).await;
    let all = join_all((0..6).map(|_| issued(world, &order, "ALL"))).await;
    let (accepted_payloads, others): (Vec<_>, Vec<_>) = all.iter().partition(|payload| payload["userErrors"] == json!([]));
    assert_eq!((accepted_payloads.len(), &accepted_payloads[0]["invoice"]["number"]), (1, &json!("INV-2")));
    for other in others {
        refused(other, "INVALID_STATE", "input.orderId");
    }
    let next = ordered(world, &world.ours.ids["sto"], 1).await;
    assert_eq!(issued(world, &next, "ALL").await["invoice"]["number"], json!("INV-3"));
}

async fn an_invoice_is_printed_as_it_was_issued(world: &World) {
    update_order(world, json!({ "billingAddress": address() })).await;
    let invoice = issued(world, &world.ours.ids["ord"], "ALL").await["invoice"]["id"].as_str().unwrap().to_owned();
    let draw = async || {
        let input = json!({ "idempotencyKey": key(), "kind": "INVOICE", "documentId": invoice });
        payload(world, super::DRAW, json!({ "input": input })).await["paper"].clone()
    };
    let first = draw().await;
    let page = html(world, &first).await;
    for part in ["Invoice INV-2", "alpha Ltd", "Ann Buyer\n1 High Street", "24.00 GBP", "alpha-mug"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let texts = json!({ "billingAddress": { "name": "Somebody Else", "lines": ["2 Low Street"] }, "externalRef": "another" });
    update_order(world, texts).await;
    entity(world, json!({ "name": "alpha Holding" })).await;
    let second = draw().await;
    assert_eq!((&second["htmlSha256"], &second["pdfSha256"]), (&first["htmlSha256"], &first["pdfSha256"]));
    let input = json!({ "idempotencyKey": key(), "kind": "CREDIT_NOTE", "documentId": invoice });
    refused(&payload(world, super::DRAW, json!({ "input": input })).await, "INVALID", "input.kind");
}

async fn tax_is_shown_by_its_rates(world: &World) {
    let ids = &world.ours.ids;
    let line = |quantity: i64, rate: &str| json!({ "product": { "id": ids["prd"] }, "quantity": quantity, "taxRate": rate });
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "channelId": ids["chn"],
        "lines": [line(3, "0.2"), line(1, "0.055")] });
    let order =
        world.must_mutate(&world.ours, ORDER, json!({ "input": input })).await["order"]["id"].as_str().unwrap().to_owned();
    let invoice = issued(world, &order, "ALL").await["invoice"].clone();
    let credit = credited(world, &invoice["id"], json!({})).await["invoice"].clone();
    let query = "query($id: ID!) { invoice(by: { id: $id }) { net { amount } tax { amount } lines { taxRate } taxes { rate net { amount } tax { amount } } } }";
    let amount = |amount: &str| json!({ "amount": amount });
    for (document, kind) in [(&invoice, "INVOICE"), (&credit, "CREDIT_NOTE")] {
        let found = payload(world, query, json!({ "id": document["id"] })).await;
        let taxes = json!([{ "rate": "0.2", "net": amount("12.00"), "tax": amount("2.40") },
            { "rate": "0.055", "net": amount("4.00"), "tax": amount("0.22") }]);
        assert_eq!((&found["taxes"], &found["net"], &found["tax"]), (&taxes, &amount("16.00"), &amount("2.62")));
        assert_eq!(found["lines"], json!([{ "taxRate": "0.2" }, { "taxRate": "0.055" }]));
        let input = json!({ "idempotencyKey": key(), "kind": kind, "documentId": document["id"] });
        let page = html(world, &payload(world, super::DRAW, json!({ "input": input })).await["paper"]).await;
        let rows = [("20 %", "12.00", "2.40"), ("5.5 %", "4.00", "0.22")];
        for (rate, net, tax) in rows {
            let row = format!("<tr><td>{rate}</td><td class=\"n\">{net}</td><td class=\"n\">{tax}</td></tr>");
            assert!(page.contains("<h2>Tax by rate</h2>") && page.contains(&row), "{row}: {page}");
        }
    }
}

async fn an_invoice_in_euros_states_its_tax_in_pounds(world: &World) {
    let ids = &world.ours.ids;
    let line = |quantity: i64, price: &str, rate: &str| {
        json!({ "product": { "id": ids["prd"] }, "quantity": quantity, "taxRate": rate,
            "unitPrice": { "amount": price, "currencyCode": "EUR" } })
    };
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "channelId": ids["chn"],
        "lines": [line(3, "4.00", "0.175"), line(1, "2.00", "0.05")] });
    let order =
        world.must_mutate(&world.ours, ORDER, json!({ "input": input })).await["order"]["id"].as_str().unwrap().to_owned();
    refused(&issued(world, &order, "ALL").await, "RATE_MISSING", "input.orderId");
    let yesterday = world.node.clock.now().plus_seconds(-86_400);
    let day = entrepot::clock::day_text(entrepot::clock::local_day(yesterday, "UTC"));
    let enter = async |rate: &str| {
        let query =
            "mutation($input: ExchangeRateSetInput!) { exchangeRateSet(input: $input) { userErrors { code message field } } }";
        let input =
            json!({ "idempotencyKey": key(), "baseCode": "EUR", "quoteCode": "GBP", "rate": rate, "day": day, "source": "ECB" });
        world.must_mutate(&world.ours, query, json!({ "input": input })).await
    };
    enter("0.8425").await;
    let invoice = issued(world, &order, "ALL").await["invoice"].clone();
    assert_eq!(invoice["number"], "INV-2", "the refusal took no number");
    // A corrected rate applies to later invoices only.
    enter("0.9").await;
    let part = json!({ "lines": [{ "orderLineId": invoice["lines"][0]["orderLineId"], "quantity": 1 }] });
    let credits = [credited(world, &invoice["id"], part).await, credited(world, &invoice["id"], json!({})).await];
    let query = "query($id: ID!) { invoice(by: { id: $id }) { rate { fromCode toCode numerator denominator day source }
        netInBooks { amount currencyCode } taxInBooks { amount } totalInBooks { amount } taxes { taxInBooks { amount } } } }";
    let seen = async |id: &Value| payload(world, query, json!({ "id": id })).await;
    let amount = |amount: &str| json!({ "amount": amount });
    let found = seen(&invoice["id"]).await;
    let rate =
        json!({ "fromCode": "EUR", "toCode": "GBP", "numerator": "0.8425", "denominator": "1", "day": day, "source": "ECB" });
    assert_eq!((&found["rate"], &found["netInBooks"]), (&rate, &json!({ "amount": "11.80", "currencyCode": "GBP" })));
    assert_eq!((&found["taxInBooks"], &found["totalInBooks"]), (&amount("1.85"), &amount("13.65")), "2.20 and 16.20 EUR");
    assert_eq!(found["taxes"], json!([{ "taxInBooks": amount("1.77") }, { "taxInBooks": amount("0.08") }]));
    for (credit, (tax, total)) in credits.iter().zip([("0.59", "3.96"), ("1.26", "9.69")]) {
        let found = seen(&credit["invoice"]["id"]).await;
        assert_eq!(found["rate"], rate, "that of its invoice");
        assert_eq!((&found["taxInBooks"], &found["totalInBooks"]), (&amount(tax), &amount(total)), "together 1.85 and 13.65");
    }
    assert_eq!(seen(&json!(ids["inv"])).await["rate"], Value::Null, "one in pounds has no rate");
    let input = json!({ "idempotencyKey": key(), "kind": "INVOICE", "documentId": invoice["id"] });
    let page = html(world, &payload(world, super::DRAW, json!({ "input": input })).await["paper"]).await;
    for part in [
        format!("1 EUR = 0.8425 GBP ({day}, ECB)").as_str(),
        "Tax (GBP)",
        "<td class=\"n\">1.77</td>",
        "1.85 GBP",
        "13.65 GBP",
        "16.20 EUR",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let named = "invoice: its tax and total in the books";
    each_is_named(world, &[Break { table: "invoice", column: "books_tax_minor", rows: "books_tax_minor > 0", named }]).await;
}

async fn erasing_a_customer_leaves_number_and_amounts(world: &World) {
    let before = html(world, &draw_paper(world, "INVOICE", "inv").await).await;
    assert!(before.contains("alpha buyer") && before.contains("12.00 GBP"), "{before}");
    let credit = a_lost_buyer_is_said_and_credit_notes_name_the_one_that_is_known(world).await;
    let query = "mutation($input: CustomerEraseInput!) { customerErase(input: $input) { userErrors { code message field } } }";
    world.must_mutate(&world.ours, query, json!({ "input": { "idempotencyKey": key(), "id": world.ours.ids["cus"] } })).await;
    let after = html(world, &draw_paper(world, "INVOICE", "inv").await).await;
    assert!(!after.contains("alpha buyer") && after.contains("Invoice INV-1") && after.contains("12.00 GBP"), "{after}");
    let after = html(world, &credit_note_drawn(world, &credit).await).await;
    assert!(!after.contains("alpha buyer") && after.contains("12.00 GBP"), "{after}");
    assert_eq!(is_lost(world, &json!(world.ours.ids["inv"])).await, json!(false), "nothing is left of what was lost");
}

async fn is_lost(world: &World, invoice: &Value) -> Value {
    let query = "query($id: ID!) { invoice(by: { id: $id }) { isPersonalDataLost } }";
    payload(world, query, json!({ "id": invoice })).await["isPersonalDataLost"].clone()
}

async fn credit_note_drawn(world: &World, id: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "kind": "CREDIT_NOTE", "documentId": id });
    payload(world, super::DRAW, json!({ "input": input })).await["paper"].clone()
}

/// Deletes the encryption key of the invoice, as if the deployment had lost it; returns the ID of a
/// credit note.
async fn a_lost_buyer_is_said_and_credit_notes_name_the_one_that_is_known(world: &World) -> Value {
    let invoice = json!(world.ours.ids["inv"]);
    assert_eq!(is_lost(world, &invoice).await, json!(false));
    let id: InvoiceId = world.ours.ids["inv"].parse().unwrap();
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    work.execute("DELETE FROM subject WHERE tenant_id = $1 AND id = $2", vec![id.into()]).await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(is_lost(world, &invoice).await, json!(true));
    let credit = credited(world, &invoice, json!({})).await["invoice"]["id"].clone();
    assert_eq!(is_lost(world, &credit).await, json!(false));
    let page = html(world, &credit_note_drawn(world, &credit).await).await;
    assert!(page.contains("alpha buyer"), "{page}");
    credit
}

async fn a_store_without_a_company_issues_nothing(world: &World) {
    let order = ordered(world, &world.ours.depot, 1).await;
    let answer = issued(world, &order, "ALL").await;
    refused(&answer, "INVALID_STATE", "input.orderId");
    assert!(answer["userErrors"][0]["message"].as_str().unwrap().contains("legalEntityUpsert"), "{answer:#}");
}

async fn a_company_keeps_its_prefixes(world: &World) {
    refused(&entity(world, json!({ "invoicePrefix": "R-" })).await, "INVALID_STATE", "input");
    let same = entity(world, json!({ "creditNotePrefix": "INV-" })).await;
    refused(&same, "INVALID", "input.creditNotePrefix");
    let free = entity(world, json!({ "creditNotePrefix": "G-", "address": ["1 Mill Lane"] })).await["legalEntity"].clone();
    assert_eq!(
        (&free["invoiceCount"], &free["creditNoteCount"], &free["version"]),
        (&json!(1), &json!(0), &json!(2)),
        "none of its credit notes has a number yet"
    );
    let part = credited(world, &json!(world.ours.ids["inv"]), json!({})).await;
    assert_eq!(part["invoice"]["number"], json!("G-1"));
    let legal_entity = entity(world, json!({})).await["legalEntity"].clone();
    assert_eq!((&legal_entity["creditNotePrefix"], &legal_entity["version"]), (&json!("G-"), &json!(3)), "left out, it stays");
    refused(&entity(world, json!({ "creditNotePrefix": "CN-" })).await, "INVALID_STATE", "input");
    let new = entity(world, json!({ "code": "gamma-ltd", "name": "gamma Ltd", "storeIds": [] })).await["legalEntity"].clone();
    assert_eq!(new["creditNotePrefix"], "CR-", "CN- is a count's");
}

async fn a_store_sells_for_one_company(world: &World) {
    let shop = &world.ours.ids["sto"];
    let other = entity(world, json!({ "code": "beta-ltd", "name": "beta Ltd" })).await["legalEntity"].clone();
    assert_eq!(other["storeIds"], json!([shop]));
    let list = payload(world, "{ legalEntities { code storeIds } }", json!({})).await;
    assert_eq!(list, json!([{ "code": "alpha-ltd", "storeIds": [] }, { "code": "beta-ltd", "storeIds": [shop] }]));
    let query = "query($ids: [ID!]) { legalEntities(ids: $ids) { code } }";
    assert_eq!(payload(world, query, json!({ "ids": [other["id"]] })).await, json!([{ "code": "beta-ltd" }]));
    assert_eq!(payload(world, query, json!({ "ids": [] })).await, json!([]));
    let rest = issued(world, &world.ours.ids["ord"], "ALL").await["invoice"].clone();
    assert_eq!((&rest["number"], &rest["seller"]), (&json!("INV-1"), &json!(["beta Ltd"])), "each company counts by itself");
    refused(&entity(world, json!({ "storeIds": [world.theirs.ids["sto"]] })).await, "NOT_FOUND", "input.storeIds.0");
    // The first company has no stores any more, so it can be archived; its code stays reserved.
    let first = payload(world, "{ legalEntities { id version } }", json!({})).await[0].clone();
    refused(&turned(world, "Archive", &other["id"]).await, "IN_USE", "input.id");
    let deleted_payload = turned(world, "Archive", &first["id"]).await;
    assert!(deleted_payload["legalEntity"]["archivedAt"].is_string() && deleted_payload["seq"].is_i64(), "{deleted_payload:#}");
    assert_eq!(turned(world, "Archive", &first["id"]).await["seq"], Value::Null, "archived already");
    assert_eq!(payload(world, "{ legalEntities { code } }", json!({})).await, json!([{ "code": "beta-ltd" }]));
    let all = payload(world, "{ legalEntities(isArchived: null) { code } }", json!({})).await;
    let listed = payload(world, "{ legalEntitiesList(isArchived: null) { nodes { code } } }", json!({})).await;
    assert_eq!(listed["nodes"], all);
    assert_eq!(all, json!([{ "code": "alpha-ltd" }, { "code": "beta-ltd" }]));
    refused(&entity(world, json!({})).await, "INVALID_STATE", "input.code");
    let back = turned(world, "Restore", &first["id"]).await;
    assert_eq!(back["legalEntity"]["archivedAt"], Value::Null, "{back:#}");
    let by_code = json!({ "storeIds": [], "stores": [{ "code": "nowhere" }] });
    refused(&entity(world, by_code).await, "NOT_FOUND", "input.stores.0.code");
    refused(&entity(world, json!({ "stores": [{ "id": shop }] })).await, "INVALID", "input.stores");
}

async fn an_invoice_is_of_its_own_store(world: &World) {
    let company = &world.ours;
    let variables = json!({ "input": { "idempotencyKey": key(), "orderId": company.ids["ord"] } });
    let denied = world.execute(company, Some(company.owner_with(&["order.read"])), ISSUE, &variables).await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("invoice.issue"))
    );
    let order = json!({ "input": { "idempotencyKey": key(), "orderId": world.theirs.ids["ord"] } });
    refused(&payload(world, ISSUE, order).await, "NOT_FOUND", "input.orderId");
}

async fn each_proof_of_invoices_names_what_is_broken(world: &World) {
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("invoice", "number", "number > 0", "invoice: numbers"),
        one("legal_entity", "invoices", "invoices > 0", "invoice: each company"),
        one("invoice_line", "total_minor", "total_minor > 0", "invoice: its sums"),
    ];
    each_is_named(world, &breaks).await;
    // All of it is credited: one unit more, or one penny, is too much.
    credited(world, &json!(world.ours.ids["inv"]), json!({})).await;
    let tenant = world.ours.owner.tenant;
    for (column, one_more) in [("quantity", "quantity + 1"), ("total_minor", "total_minor + 1")] {
        let work = world.node.db.global().maintenance_for(tenant).await.unwrap();
        let credits = "invoice_id IN (SELECT id FROM invoice WHERE tenant_id = $1 AND kind = 'CREDIT_NOTE')";
        let sql = format!("UPDATE invoice_line SET {column} = {one_more} WHERE tenant_id = $1 AND {credits}");
        assert!(work.execute(&sql, vec![]).await.unwrap() > 0);
        let (work, report) = verify_transaction(&world.node.db, work, |_| {}).await.unwrap();
        work.rollback().await.unwrap();
        let found: Vec<_> = report.broken_lines().map(|line| line.invariant).collect();
        assert!(found.iter().any(|name| name.starts_with("invoice: its credit notes")), "{column}: {found:?}");
    }
}
