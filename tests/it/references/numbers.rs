//! Documents of any kind, and returns, that calls name by their numbers; returns by their references in external systems, too.

use entrepot::access::Caller;
use serde_json::{Value, json};

use super::without;
use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{Office, accepted, key, refused},
    reversals::undo::{reverse, undone},
    world::{answers::digits, on_both},
};

on_both!(
    a_return_is_found_by_id_and_by_number,
    a_return_is_found_by_its_reference_in_another_system,
    a_sale_is_reversed_by_its_number,
    a_number_that_is_no_documents_reverses_nothing,
    a_key_is_of_the_document_as_it_was_named,
    reversals_are_listed_by_the_number_of_their_document,
    a_paper_is_drawn_of_a_document_by_its_number,
    a_paper_is_drawn_of_an_invoice_by_the_number_that_is_printed,
    papers_are_listed_of_a_document_by_its_number,
);

/// The number of a document of ours.
async fn number(office: &Office<'_>, kind: &str, id: &Value) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on {kind} {{ number }} }} }}");
    let answer = office.execute(&query, json!({ "id": id })).await;
    assert!(answer["data"]["node"]["number"].is_string(), "{answer:#}");
    answer["data"]["node"]["number"].clone()
}

async fn a_return_is_found_by_id_and_by_number(world: &World) {
    let office = Office::of(world).await;
    let id = json!(world.ours.ids["ret"]);
    let own = number(&office, "Return", &id).await;
    let query = "query($by: ReturnRef!) { return(by: $by) { id number lines { quantity } } }";
    let found = json!({ "return": { "id": id, "number": own, "lines": [{ "quantity": 1 }] } });
    for by in [json!({ "id": id }), json!({ "number": own }), json!({ "number": digits(&own) })] {
        let answer = office.execute(query, json!({ "by": by })).await;
        assert_eq!(answer["data"], found, "{by}: {answer:#}");
    }
    let nothing = |answer: &Value| {
        assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "return": null }), &Value::Null), "{answer:#}");
    };
    for by in [
        json!({ "id": world.theirs.ids["ret"] }),
        json!({ "number": "RT-999999" }),
        json!({ "number": "no number" }),
        json!({ "number": format!("SO-{}", digits(&own)) }),
    ] {
        nothing(&office.execute(query, json!({ "by": by })).await);
    }
    let answer = office.execute(query, json!({ "by": { "id": world.ours.ids["ord"] } })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    // A caller that is bound to another channel sees none of it.
    let elsewhere = Caller { channel: Some(world.theirs.ids["chn"].parse().unwrap()), ..world.ours.owner.clone() };
    let elsewhere = office.as_caller(elsewhere);
    for by in [json!({ "id": id }), json!({ "number": own })] {
        nothing(&elsewhere.execute(query, json!({ "by": by })).await);
    }
    let clerk = office.as_caller(without(world, "order.read"));
    let answer = clerk.execute(query, json!({ "by": { "number": own } })).await;
    assert_eq!(answer["errors"][0]["permission"], "order.read", "{answer:#}");
}

async fn a_return_is_found_by_its_reference_in_another_system(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let mug = office.product("MUG-9", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let order = books.sell(&mug, 2).await;
    let lines = json!([{ "orderLineId": order["lines"][0]["id"], "quantity": 1 }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "externalRef": "RMA-17", "lines": lines });
    let payload = office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await;
    let id = &accepted(&payload, "return")["id"];
    let query = "query($reference: String!) { return(by: { externalRef: $reference }) { id } }";
    let found = async |office: &Office<'_>, reference: &str| {
        let answer = office.execute(query, json!({ "reference": reference })).await;
        assert_eq!(answer["errors"], Value::Null, "{answer:#}");
        answer["data"]["return"].clone()
    };
    assert_eq!(found(office, "RMA-17").await, json!({ "id": id }));
    for none in ["RMA-18", "rma-17", "1", "a\u{0}1"] {
        assert_eq!(found(office, none).await, Value::Null, "{none}");
    }
    // A caller that is bound to another channel sees none of it.
    let elsewhere = Caller { channel: Some(world.theirs.ids["chn"].parse().unwrap()), ..world.ours.owner.clone() };
    assert_eq!(found(&office.as_caller(elsewhere), "RMA-17").await, Value::Null);
}

/// Two mugs that were sold over the counter, and the number of the order.
async fn sold(books: &Books<'_>) -> (Value, Value) {
    let mug = books.office.product("MUG-9", "2.00").await;
    books.receive(&mug, 5, "2.00").await;
    let sale = books.sell(&mug, 2).await["id"].clone();
    let number = number(&books.office, "Order", &sale).await;
    (sale, number)
}

async fn a_sale_is_reversed_by_its_number(world: &World) {
    let books = Books::of(world).await;
    let (sale, number) = sold(&books).await;
    let other = json!(world.ours.ids["ord"]);
    let input = json!({ "document": { "number": number } });
    let two = json!({ "document": { "number": number }, "documentId": other });
    refused(&reverse(&books.office, &Value::Null, two).await, "INVALID", "input.document");
    let reversal = undone(&books.office, &Value::Null, input.clone()).await;
    assert_eq!((&reversal["kind"], &reversal["documentId"]), (&json!("SALE"), &sale));
    // A refusal of the document has the path of its number.
    refused(&reverse(&books.office, &Value::Null, input).await, "INVALID_STATE", "input.document.number");
}

async fn a_number_that_is_no_documents_reverses_nothing(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let (sale, own) = sold(&books).await;
    let input_for = |document: Value| json!({ "document": document });
    let by_number =
        async |office: &Office<'_>, number: &Value| reverse(office, &Value::Null, input_for(json!({ "number": number }))).await;
    let message = refused(&by_number(office, &json!("SO-999999")).await, "NOT_FOUND", "input.document.number");
    assert_eq!(message, "there is no such document: \"SO-999999\"");
    for none in ["TR-999999", "RT-999999", "no number", "a\u{0}1"] {
        refused(&by_number(office, &json!(none)).await, "NOT_FOUND", "input.document.number");
    }
    let bought = number(office, "PurchaseOrder", &json!(world.ours.ids["por"])).await;
    refused(&by_number(office, &bought).await, "INVALID", "input.document.number");
    refused(&by_number(office, &json!("INV-1")).await, "INVALID", "input.document.number");
    // Several documents have this number, such as the first order and the first return.
    let message = refused(&by_number(office, &json!("1")).await, "INVALID", "input.document.number");
    assert!(message.contains("several documents"), "{message}");
    let theirs = input_for(json!({ "id": world.theirs.ids["ord"] }));
    refused(&reverse(office, &Value::Null, theirs).await, "NOT_FOUND", "input.document.id");
    refused(&reverse(office, &Value::Null, json!({})).await, "REQUIRED", "input.document");
    // A number is found by who may see its document.
    let clerk = office.as_caller(without(world, "order.read"));
    refused(&by_number(&clerk, &own).await, "NOT_FOUND", "input.document.number");
    let input = json!({ "idempotencyKey": key(), "document": { "id": sale }, "note": "typed in twice" });
    accepted(
        &clerk.mutate("documentReverse", "DocumentReverseInput", "documentReversal { id }", input).await,
        "documentReversal",
    );
    // A number that may be of any kind is not found, before the permission of any kind is checked.
    let depot = office.as_caller(without(world, "order.write"));
    for none in ["999999", "no number", "1041-99"] {
        refused(&by_number(&depot, &json!(none)).await, "NOT_FOUND", "input.document.number");
    }
}

async fn a_key_is_of_the_document_as_it_was_named(world: &World) {
    let books = Books::of(world).await;
    let (sale, own) = sold(&books).await;
    let undo = async |document: Value| {
        let input = json!({ "idempotencyKey": "undo-once", "document": document, "note": "typed in twice" });
        let fields = "documentReversal { id documentId }";
        books.office.mutate("documentReverse", "DocumentReverseInput", fields, input).await
    };
    let first = undo(json!({ "number": own })).await;
    assert_eq!(accepted(&first, "documentReversal")["documentId"], sale);
    let again = undo(json!({ "number": own })).await;
    assert_eq!((accepted(&again, "documentReversal"), &again["replayed"]), (&first["documentReversal"], &json!(true)));
    for other in ["SO-999999", "999999"].map(|number| json!({ "number": number })).into_iter().chain([json!({ "id": sale })]) {
        refused(&undo(other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    }
}

async fn reversals_are_listed_by_the_number_of_their_document(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let (sale, own) = sold(&books).await;
    undone(office, &sale, json!({})).await;
    let query = "query($test: IdFilter!) { documentReversals(filter: { document: $test }) { nodes { documentId } totalCount { count } } }";
    let list = async |office: &Office<'_>, test: Value| office.execute(query, json!({ "test": test })).await;
    let one = json!({ "nodes": [{ "documentId": sale }], "totalCount": { "count": 1 } });
    for test in [json!({ "eq": sale }), json!({ "key": [own] }), json!({ "key": ["SO-999999", own, "no number"] })] {
        assert_eq!(list(office, test.clone()).await["data"]["documentReversals"], one, "{test}");
    }
    // A purchase order's list has the reversals of its receipts.
    let bought = json!(world.ours.ids["por"]);
    let receipts = list(office, json!({ "eq": bought })).await["data"]["documentReversals"].clone();
    assert_ne!(receipts["nodes"], json!([]));
    let by_number = json!({ "key": [number(office, "PurchaseOrder", &bought).await] });
    assert_eq!(list(office, by_number).await["data"]["documentReversals"], receipts);
    let untouched = number(office, "Order", &json!(world.ours.ids["ord"])).await;
    for none in [json!(["SO-999999"]), json!([untouched]), json!([])] {
        let answer = list(office, json!({ "key": none })).await;
        assert_eq!(answer["data"]["documentReversals"]["nodes"], json!([]), "{none}: {answer:#}");
    }
    let answer = list(office, json!({ "eq": sale, "key": [own] })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    let clerk = office.as_caller(without(world, "order.read"));
    let answer = list(&clerk, json!({ "key": [own] })).await;
    assert_eq!(answer["data"]["documentReversals"]["nodes"], json!([]), "the order is not theirs to see: {answer:#}");
}

async fn draw(office: &Office<'_>, kind: &str, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "kind": kind });
    input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    office.mutate("paperCreate", "PaperCreateInput", "paper { documentId }", input).await
}

async fn a_paper_is_drawn_of_a_document_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let ours = |prefix: &str| json!(world.ours.ids[prefix]);
    let (order, work) = (number(&office, "Order", &ours("ord")).await, number(&office, "FulfilmentWork", &ours("fwk")).await);
    let invoice = json!("inv-1");
    for (kind, number, prefix) in
        [("ORDER_CONFIRMATION", &order, "ord"), ("PICKING_LIST", &work, "fwk"), ("INVOICE", &invoice, "inv")]
    {
        let payload = draw(&office, kind, json!({ "document": { "number": number } })).await;
        assert_eq!(accepted(&payload, "paper")["documentId"], ours(prefix), "{kind}");
    }
    let input_for = |document: Value| json!({ "document": document });
    let confirm = async |extra: Value| draw(&office, "ORDER_CONFIRMATION", extra).await;
    let message = refused(&confirm(input_for(json!({ "number": "SO-999999" }))).await, "NOT_FOUND", "input.document.number");
    assert_eq!(message, "there is no such document: \"SO-999999\"");
    refused(&confirm(input_for(json!({ "number": work }))).await, "INVALID", "input.document.number");
    refused(&confirm(input_for(json!({ "number": "999999" }))).await, "NOT_FOUND", "input.document.number");
    refused(&confirm(input_for(json!({ "number": "1" }))).await, "INVALID", "input.document.number");
    refused(&confirm(input_for(json!({ "id": world.theirs.ids["ord"] }))).await, "NOT_FOUND", "input.document.id");
    let two = json!({ "document": { "number": order }, "documentId": world.theirs.ids["ord"] });
    refused(&confirm(two).await, "INVALID", "input.document");
    refused(&confirm(json!({})).await, "REQUIRED", "input.document");
    // If several documents have the digits, an ID beside them chooses one.
    let chosen = confirm(json!({ "document": { "number": digits(&order) }, "documentId": ours("ord") })).await;
    assert_eq!(accepted(&chosen, "paper")["documentId"], ours("ord"));
}

async fn a_paper_is_drawn_of_an_invoice_by_the_number_that_is_printed(world: &World) {
    let books = Books::of(world).await;
    let office = &books.office;
    let (sale, _) = sold(&books).await;
    let entity = json!({ "idempotencyKey": key(), "code": "mugs", "name": "Mugs Ltd", "invoicePrefix": "R26", "creditNotePrefix": "C26",
        "storeIds": [office.store["id"]] });
    accepted(&office.mutate("legalEntityUpsert", "LegalEntityUpsertInput", "legalEntity { id }", entity).await, "legalEntity");
    let input = json!({ "idempotencyKey": key(), "order": { "id": sale } });
    let issued = office.mutate("invoiceIssue", "InvoiceIssueInput", "invoice { id number }", input).await;
    let issued = accepted(&issued, "invoice");
    assert_eq!(issued["number"], "R261", "its digits alone are not told from those of the prefix");
    let payload = draw(office, "INVOICE", json!({ "document": { "number": issued["number"] } })).await;
    assert_eq!(accepted(&payload, "paper")["documentId"], issued["id"]);
}

async fn papers_are_listed_of_a_document_by_its_number(world: &World) {
    let office = Office::of(world).await;
    let id = json!(world.ours.ids["ord"]);
    let own = number(&office, "Order", &id).await;
    let query = "query($document: DocumentRef, $id: ID) { papers(document: $document, documentId: $id) { nodes { id } } }";
    let papers = async |variables: Value| office.execute(query, variables).await;
    let ours = json!({ "papers": { "nodes": [{ "id": world.ours.ids["ppr"] }] } });
    for variables in [
        json!({ "id": id }),
        json!({ "document": { "id": id } }),
        json!({ "document": { "number": own } }),
        json!({ "document": { "number": own }, "id": id }),
    ] {
        let answer = papers(variables.clone()).await;
        assert_eq!(answer["data"], ours, "{variables}: {answer:#}");
    }
    for document in [json!({ "number": "SO-999999" }), json!({ "id": world.theirs.ids["ord"] })] {
        let answer = papers(json!({ "document": document })).await;
        assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "papers": null }), &Value::Null), "{document}: {answer:#}");
    }
    let clerk = office.as_caller(without(world, "order.read"));
    let answer = clerk.execute(query, json!({ "document": { "number": own } })).await;
    assert_eq!((&answer["data"], &answer["errors"]), (&json!({ "papers": null }), &Value::Null), "{answer:#}");
    for wrong in [
        json!({}),
        json!({ "document": { "number": own }, "id": world.theirs.ids["ord"] }),
        json!({ "document": { "number": "1" } }),
    ] {
        let answer = papers(wrong.clone()).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{wrong}: {answer:#}");
    }
}
