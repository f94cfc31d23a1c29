//! Papers of documents: contents, permissions and retention.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod invoice_lists;
pub mod invoices;
mod slips;
mod look;

use std::collections::BTreeMap;

use entrepot::{
    access::Caller,
    files::FileLocation,
    insight::verify::{Report, StoredPapers, verify_papers, verify_tenant},
    storage::{Reads as _, Row},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    authorization::world::World,
    exchange::world::download,
    purchasing::office::{key, refused},
    world::on_both,
};

on_both!(
    an_order_is_confirmed_with_what_it_comes_to,
    a_picking_list_has_no_price_and_no_customer,
    a_packing_slip_and_a_delivery_note_say_what_left,
    a_purchase_order_is_printed_for_who_sees_costs,
    a_paper_speaks_the_language_that_is_asked_for,
    no_note_writes_into_the_page,
    letters_of_europe_are_printed_and_others_leave_the_page_alone,
    a_paper_shows_what_its_reader_may_see,
    the_files_are_for_who_drew_the_paper,
    a_paper_is_of_its_own_kind_of_document,
    a_draft_is_not_confirmed,
    a_repeated_call_draws_one_paper,
    papers_of_a_document_are_listed,
    erasing_a_customer_takes_the_files_along,
    what_is_stored_of_papers_is_proven,
);

const DRAW: &str = "mutation($input: PaperCreateInput!) { paperCreate(input: $input) {
    paper { id kind documentId number locale html pdf htmlSha256 pdfSha256 issuedAt }
    userErrors { code message field } replayed seq } }";

async fn tried(world: &World, caller: Caller, kind: &str, document: &str, extra: Value) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "kind": kind, "documentId": document });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    world.execute(&world.ours, Some(caller), DRAW, &json!({ "input": input })).await
}

async fn attempt(world: &World, kind: &str, document: &str) -> Value {
    let answer = tried(world, world.ours.owner.clone(), kind, document, json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["paperCreate"].clone()
}

async fn drawn_by(world: &World, caller: Caller, kind: &str, document: &str, extra: Value) -> Value {
    let answer = tried(world, caller, kind, document, extra).await;
    let payload = &answer["data"]["paperCreate"];
    assert!(answer["errors"].is_null() && payload["userErrors"] == json!([]), "{answer:#}");
    payload["paper"].clone()
}

async fn draw_paper(world: &World, kind: &str, id: &str) -> Value {
    drawn_by(world, world.ours.owner.clone(), kind, &world.ours.ids[id], json!({})).await
}

async fn html(world: &World, paper: &Value) -> String {
    String::from_utf8(download(world, &paper["html"]).await).unwrap()
}

/// Updates fields of the order.
async fn update_order(world: &World, mut input: Value) {
    let (company, id) = (&world.ours, &world.ours.ids["ord"]);
    let found = world
        .execute(
            company,
            Some(company.owner.clone()),
            "query($id: ID!) { node(id: $id) { ... on Order { version } } }",
            &json!({ "id": id }),
        )
        .await;
    input["expectedVersion"] = found["data"]["node"]["version"].clone();
    (input["id"], input["idempotencyKey"]) = (json!(id), json!(key()));
    let query = "mutation($input: OrderUpdateInput!) { orderUpdate(input: $input) { order { version } userErrors { code message field } } }";
    world.must_mutate(company, query, json!({ "input": input })).await;
}

fn address() -> Value {
    json!({ "name": "Ann Buyer", "lines": ["1 High Street"], "city": "Leeds", "postalCode": "LS1 1AA", "country": "GB" })
}

async fn an_order_is_confirmed_with_what_it_comes_to(world: &World) {
    update_order(world, json!({ "shippingAddress": address(), "noteForCustomer": "Ring twice" })).await;
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    assert_eq!((&paper["kind"], &paper["documentId"]), (&json!("ORDER_CONFIRMATION"), &json!(world.ours.ids["ord"])));
    let page = html(world, &paper).await;
    for part in [
        "<h1>Order confirmation SO-0",
        "alpha-mug",
        "<td class=\"n\">4.00</td>",
        "40.00 GBP",
        "1 High Street\nLS1 1AA Leeds\nGB",
        "Ring twice",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(paper["htmlSha256"], hex::encode(Sha256::digest(page.as_bytes())));
    let pdf = download(world, &paper["pdf"]).await;
    assert!(pdf.starts_with(b"%PDF-1.4\n") && pdf.ends_with(b"%%EOF\n"));
    assert_eq!(paper["pdfSha256"], hex::encode(Sha256::digest(&pdf)));
    let text = String::from_utf8(pdf).unwrap();
    assert!(text.contains("(40.00 GBP) Tj") && text.contains("(1 High Street) Tj"), "{text}");
}

async fn a_picking_list_has_no_price_and_no_customer(world: &World) {
    update_order(world, json!({ "shippingAddress": address() })).await;
    let page = html(world, &draw_paper(world, "PICKING_LIST", "fwk").await).await;
    assert!(
        page.contains("<td>alpha-mug</td>") && page.contains("<td class=\"n\">6</td>"),
        "6 of 10 are left to be picked: {page}"
    );
    for part in ["4.00", "GBP", "Ann Buyer", "High Street"] {
        assert!(!page.contains(part), "{part}: {page}");
    }
}

async fn a_packing_slip_and_a_delivery_note_say_what_left(world: &World) {
    update_order(world, json!({ "shippingAddress": address() })).await;
    let slip = html(world, &draw_paper(world, "PACKING_SLIP", "fwk").await).await;
    let note = html(world, &draw_paper(world, "DELIVERY_NOTE", "ful").await).await;
    for page in [&slip, &note] {
        assert!(page.contains("<td>alpha-mug</td>") && page.contains("<td class=\"n\">4</td>"), "{page}");
        assert!(page.contains("Ann Buyer\n1 High Street") && !page.contains("GBP"), "{page}");
    }
    for page in [&slip, &note] {
        assert!(page.contains("<dt>Order</dt><dd>SO-0"), "{page}");
    }
    assert!(slip.contains("<h2>Parcel 1</h2>"), "{slip}");
    assert!(note.contains("<dt>Shipped on</dt>"), "{note}");
}

async fn a_purchase_order_is_printed_for_who_sees_costs(world: &World) {
    let company = &world.ours;
    let page = html(world, &draw_paper(world, "PURCHASE_ORDER", "por").await).await;
    assert!(page.contains("<h1>Purchase order PO-0"), "{page}");
    assert!(page.contains("alpha supplies") && page.contains("alpha freight") && page.contains("alpha-mug"), "{page}");
    let denied = tried(world, company.owner_with(&["purchase.read"]), "PURCHASE_ORDER", &company.ids["por"], json!({})).await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("product.cost.read"))
    );
}

async fn a_paper_speaks_the_language_that_is_asked_for(world: &World) {
    let (owner, order) = (&world.ours.owner, &world.ours.ids["ord"]);
    for (locale, title, total) in [("DE", "Auftragsbestätigung", "40,00 GBP"), ("FR", "Confirmation de commande", "40,00 GBP")] {
        let paper = drawn_by(world, owner.clone(), "ORDER_CONFIRMATION", order, json!({ "locale": locale })).await;
        let page = html(world, &paper).await;
        assert_eq!(paper["locale"], locale);
        assert!(page.contains(title) && page.contains(total), "{page}");
        assert!(page.contains(&format!("<html lang=\"{}\">", locale.to_lowercase())), "{page}");
    }
}

async fn no_note_writes_into_the_page(world: &World) {
    update_order(world, json!({ "noteForCustomer": "<script>alert('x')</script>" })).await;
    let page = html(world, &draw_paper(world, "ORDER_CONFIRMATION", "ord").await).await;
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && !page.contains("<script"), "{page}");
}

/// The texts of a PDF, one a line, as a reader that copies them has them.
fn copied(pdf: &str) -> String {
    let entry = |line: &str| {
        let (number, letter) = line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <")?;
        Some((number.to_owned(), char::from_u32(u32::from_str_radix(letter, 16).ok()?)?))
    };
    let letters: BTreeMap<String, char> = pdf.lines().filter_map(entry).collect();
    let shown = |line: &str| {
        let (_, text) = line.strip_suffix(" Tj ET")?.split_once(" Td ")?;
        let Some(numbers) = text.strip_prefix('<') else { return Some(text.to_owned()) };
        let numbers = numbers.strip_suffix('>')?.as_bytes().chunks(4);
        numbers.map(|number| letters.get(std::str::from_utf8(number).ok()?).copied()).collect::<Option<String>>()
    };
    pdf.lines().filter_map(shown).collect::<Vec<String>>().join("\n")
}

async fn letters_of_europe_are_printed_and_others_leave_the_page_alone(world: &World) {
    let address = json!({ "name": "Ελένη Παπαδοπούλου", "lines": ["вул. Хрещатик 22"], "city": "Київ", "postalCode": "01001", "country": "UA" });
    update_order(world, json!({ "shippingAddress": address, "noteForCustomer": "Teşekkürler, cảm ơn, dziękuję z Łodzi" })).await;
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    let pdf = download(world, &paper["pdf"]).await;
    assert_eq!(paper["pdfSha256"], hex::encode(Sha256::digest(&pdf)));
    assert!(pdf.len() < 100_000, "{} bytes: it carries the shapes of its own letters alone", pdf.len());
    let text = copied(&String::from_utf8(pdf).unwrap());
    for part in ["Ελένη Παπαδοπούλου", "вул. Хрещатик 22", "01001 Київ", "Teşekkürler, cảm ơn, dziękuję z Łodzi", "(40.00 GBP)"]
    {
        assert!(text.lines().any(|line| line == part), "{part}: {text}");
    }
    update_order(world, json!({ "noteForCustomer": "謝謝" })).await;
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    assert_eq!((&paper["pdf"], &paper["pdfSha256"]), (&Value::Null, &Value::Null));
    assert!(html(world, &paper).await.contains("謝謝"));
}

async fn a_paper_shows_what_its_reader_may_see(world: &World) {
    update_order(world, json!({ "shippingAddress": address() })).await;
    let company = &world.ours;
    for (kind, id, read, address) in [
        ("ORDER_CONFIRMATION", "ord", "order.read", "customer.contact.read"),
        ("PACKING_SLIP", "fwk", "fulfilment.read", "fulfilment.address.read"),
    ] {
        let blind = drawn_by(world, company.owner_with(&[read]), kind, &company.ids[id], json!({})).await;
        let page = html(world, &blind).await;
        assert!(!page.contains("Ann Buyer") && !page.contains("alpha buyer"), "{kind}: {page}");
        let seeing = drawn_by(world, company.owner_with(&[read, address]), kind, &company.ids[id], json!({})).await;
        assert!(html(world, &seeing).await.contains("Ann Buyer"), "{kind}");
        let denied = tried(world, company.owner_with(&[]), kind, &company.ids[id], json!({})).await;
        assert_eq!((&denied["errors"][0]["code"], &denied["errors"][0]["permission"]), (&json!("FORBIDDEN"), &json!(read)));
    }
}

async fn the_files_are_for_who_drew_the_paper(world: &World) {
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    let query = "query($id: ID!) { node(id: $id) { ... on Paper { number html pdf htmlSha256 } } }";
    let id = json!({ "id": paper["id"] });
    let own = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &id).await["data"]["node"].clone();
    assert!(own["html"].is_string() && own["pdf"].is_string(), "{own:#}");
    let actor = entity::prelude::Actor::member(entity::prelude::MemberId::NIL);
    let somebody = Caller { actor, ..world.ours.owner.clone() };
    let other = world.execute(&world.ours, Some(somebody), query, &id).await["data"]["node"].clone();
    assert_eq!((&other["number"], &other["htmlSha256"]), (&paper["number"], &paper["htmlSha256"]));
    assert_eq!((&other["html"], &other["pdf"]), (&Value::Null, &Value::Null));
}

async fn a_paper_is_of_its_own_kind_of_document(world: &World) {
    let at = "input.documentId";
    refused(&attempt(world, "PACKING_SLIP", &world.ours.ids["ord"]).await, "INVALID", at);
    refused(&attempt(world, "ORDER_CONFIRMATION", "ord_1").await, "INVALID", at);
    for (kind, id) in
        [("ORDER_CONFIRMATION", "ord"), ("PACKING_SLIP", "fwk"), ("DELIVERY_NOTE", "ful"), ("PURCHASE_ORDER", "por")]
    {
        refused(&attempt(world, kind, &world.theirs.ids[id]).await, "NOT_FOUND", at);
    }
}

async fn a_draft_is_not_confirmed(world: &World) {
    let (company, ids) = (&world.ours, &world.ours.ids);
    let query =
        "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code message field } } }";
    let input = json!({ "idempotencyKey": key(), "store": { "id": ids["sto"] }, "channelId": ids["chn"], "status": "DRAFT",
        "lines": [{ "product": { "id": ids["prd"] }, "quantity": 1 }] });
    let order = world.must_mutate(company, query, json!({ "input": input })).await["order"]["id"].clone();
    refused(&attempt(world, "ORDER_CONFIRMATION", order.as_str().unwrap()).await, "INVALID_STATE", "input.documentId");
}

async fn a_repeated_call_draws_one_paper(world: &World) {
    let company = &world.ours;
    let again = json!({ "idempotencyKey": "one" });
    let first = drawn_by(world, company.owner.clone(), "ORDER_CONFIRMATION", &company.ids["ord"], again.clone()).await;
    update_order(world, json!({ "noteForCustomer": "Said later" })).await;
    let answer = tried(world, company.owner.clone(), "ORDER_CONFIRMATION", &company.ids["ord"], again.clone()).await;
    let second = &answer["data"]["paperCreate"];
    assert_eq!((&second["replayed"], &second["paper"]["id"]), (&json!(true), &first["id"]), "{answer:#}");
    // English was the default before tenants had a language, so a call with it equals a call
    // without a language.
    let said = |locale: &str| json!({ "idempotencyKey": "one", "locale": locale });
    let english = tried(world, company.owner.clone(), "ORDER_CONFIRMATION", &company.ids["ord"], said("EN")).await;
    assert_eq!(english["data"]["paperCreate"]["paper"]["id"], first["id"], "{english:#}");
    let german = tried(world, company.owner.clone(), "ORDER_CONFIRMATION", &company.ids["ord"], said("DE")).await;
    refused(&german["data"]["paperCreate"], "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let other = tried(world, company.owner.clone(), "PICKING_LIST", &company.ids["fwk"], again).await;
    refused(&other["data"]["paperCreate"], "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
}

async fn papers_are_found_by_their_time(world: &World, first: &Value, second: &Value) {
    let query = "query($id: ID!, $filter: PaperFilter) { papers(documentId: $id, filter: $filter) { nodes { id } totalCount { count } } }";
    let since = json!({ "createdAt": { "gte": second["issuedAt"] } });
    for (filter, expected) in [
        (since.clone(), vec![second]),
        (json!({ "createdAt": { "lt": second["issuedAt"] } }), vec![first]),
        (json!({ "not": since }), vec![first]),
        (json!({ "or": [since, { "kind": ["PICKING_LIST"] }] }), vec![second, first]),
        (json!({ "and": [since, { "kind": ["PICKING_LIST"] }] }), vec![]),
        (json!({ "createdAt": { "period": "TODAY" }, "kind": ["PACKING_SLIP"] }), vec![second]),
        (json!({ "createdAt": { "isNull": true } }), vec![]),
    ] {
        let variables = json!({ "id": world.ours.ids["fwk"], "filter": filter });
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &variables).await;
        let ids: Vec<Value> = expected.iter().map(|paper| json!({ "id": paper["id"] })).collect();
        let count = ids.len();
        assert_eq!(answer["data"]["papers"], json!({ "nodes": ids, "totalCount": { "count": count } }), "{filter}: {answer:#}");
    }
}

async fn papers_of_a_document_are_listed(world: &World) {
    let first = draw_paper(world, "PICKING_LIST", "fwk").await;
    world.advance_clock(60);
    let second = draw_paper(world, "PACKING_SLIP", "fwk").await;
    let query = "query($id: ID!) { papers(documentId: $id) { nodes { id kind } } }";
    let list = async |id: &str| {
        let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "id": id })).await;
        answer["data"]["papers"].clone()
    };
    let ids: Vec<Value> =
        list(&world.ours.ids["fwk"]).await["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()).collect();
    assert_eq!(ids, [second["id"].clone(), first["id"].clone()], "the newest first");
    assert_eq!(list(&world.theirs.ids["fwk"]).await, Value::Null);
    papers_are_found_by_their_time(world, &first, &second).await;
    let query = "query($id: ID!) { order(by: { id: $id }) { papers { kind } } }";
    let kinds = async |caller: Caller| {
        let answer = world.execute(&world.ours, Some(caller), query, &json!({ "id": world.ours.ids["ord"] })).await;
        answer["data"]["order"]["papers"].clone()
    };
    let all = json!([{ "kind": "PACKING_SLIP" }, { "kind": "PICKING_LIST" }, { "kind": "ORDER_CONFIRMATION" }]);
    assert_eq!(kinds(world.ours.owner.clone()).await, all, "those of its works, too");
    let own = json!([{ "kind": "ORDER_CONFIRMATION" }]);
    assert_eq!(kinds(world.ours.owner_with(&["order.read"])).await, own, "without the right to read works");
}

async fn erasing_a_customer_takes_the_files_along(world: &World) {
    update_order(world, json!({ "shippingAddress": address() })).await;
    let paper = draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    let list = draw_paper(world, "PURCHASE_ORDER", "por").await;
    let query = "mutation($input: CustomerEraseInput!) { customerErase(input: $input) { userErrors { code message field } } }";
    world.must_mutate(&world.ours, query, json!({ "input": { "idempotencyKey": key(), "id": world.ours.ids["cus"] } })).await;
    world.node.files.delete_expired_files().await.unwrap();
    for file in ["html", "pdf"] {
        let token = paper[file].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(world.node.files.fetch(token).await.is_err(), "{file}");
        let token = list[file].as_str().unwrap().rsplit('/').next().unwrap();
        assert!(world.node.files.fetch(token).await.is_ok(), "a supplier's paper is none of the customer's: {file}");
    }
    let page = html(world, &draw_paper(world, "ORDER_CONFIRMATION", "ord").await).await;
    assert!(!page.contains("Ann Buyer") && page.contains("40.00 GBP"), "{page}");
}

async fn what_is_stored_of_papers_is_proven(world: &World) {
    draw_paper(world, "ORDER_CONFIRMATION", "ord").await;
    let (db, tenant, location) = (&world.node.db, world.ours.owner.tenant, FileLocation::Folder(world.files.clone()));
    let proven = async || {
        let mut report = Report::default();
        verify_papers(db, StoredPapers::all(&location), &mut report, |_| {}, |_| {}).await.unwrap();
        report
    };
    let sound = proven().await;
    assert!(sound.is_sound() && sound.lines[0].rows >= 2, "{sound}");
    let rows = verify_tenant(db, tenant, |_| {}).await.unwrap();
    assert!(rows.broken_lines().all(|line| !line.invariant.starts_with("paper")), "{rows}");
    let sql = "SELECT f.blob FROM paper p JOIN file f ON f.tenant_id = $1 AND f.id = p.html_file_id
               WHERE p.tenant_id = $1 AND f.state = 'READY' ORDER BY p.created_at DESC, p.id DESC";
    let found = db.tenant(tenant).rows(sql, vec![]).await.unwrap();
    let blob: String = Row::new(&found[0]).take().unwrap();
    let path = world.files.join(blob);
    // `most` limits the check to so many of the newest papers of each tenant.
    let mut few = Report::default();
    let newest = StoredPapers { most: Some(1), tenant: Some(tenant), ..StoredPapers::all(&location) };
    verify_papers(db, newest, &mut few, |_| {}, |_| {}).await.unwrap();
    assert!(few.is_sound() && few.lines[0].rows == 1, "{few}");
    std::fs::write(&path, "another page").unwrap();
    let broken = proven().await;
    assert_eq!(broken.exit_status(), 1, "{broken}");
    std::fs::remove_file(&path).unwrap();
    let missing = proven().await;
    assert!(missing.is_sound() && missing.lines[0].unproven.is_some(), "bytes that are gone prove nothing: {missing}");
}
