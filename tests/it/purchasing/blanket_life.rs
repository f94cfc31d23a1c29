//! A blanket order from its creation to its end: activation, expiry, and its events and listings.

use entrepot::{
    access::{Caller, PermissionSet, REGISTRY, Reach},
    clock::{day_text, local_day},
    ledger::JobCursor,
    purchasing::jobs::expire_blankets,
};
use serde_json::{Value, json};

use super::{
    amendments::amend,
    blankets::{agreed, call_off, change, line, stands, state, step, write},
    office::{Office, accepted, gbp, key, refused},
    proofs::{Break, each_is_named},
};
use crate::{authorization::world::World, world::on_both};

on_both!(
    a_blanket_order_expires_and_what_was_called_off_goes_on,
    nothing_is_called_off_outside_of_its_days,
    a_person_activates_for_the_whole_company,
    a_supplier_stays_while_a_blanket_order_is_in_force,
    a_blanket_order_is_written_once_and_says_what_became_of_it,
    blanket_orders_are_listed_as_asked,
    each_proof_of_blanket_orders_names_what_is_broken,
);

/// The day that is `days` from today.
fn day(office: &Office<'_>, days: i64) -> String {
    day_text(local_day(office.world.node.clock.now().plus_seconds(days * 86_400), "UTC"))
}

async fn a_blanket_order_expires_and_what_was_called_off_goes_on(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let terms = json!({ "validFrom": day(&office, -1), "validTo": day(&office, 1), "lines": [line(&mug, 20, "1.50")] });
    let blanket = agreed(&office, terms.clone()).await;
    let spent = agreed(&office, terms).await;
    let lines = json!([{ "product": mug, "quantity": 8 }]);
    let out = office.ordered(json!({ "blanketOrder": { "id": blanket["id"] }, "lines": lines })).await;
    let all = accepted(&call_off(&office, &spent, &mug, 20).await, "purchaseOrder").clone();
    let (ledger, now) = (&world.node.ledger, world.node.clock.now());
    assert_eq!(expire_blankets(ledger, now, &JobCursor::default()).await.unwrap(), 0);
    let later = now.plus_seconds(4 * 86_400);
    assert_eq!(
        expire_blankets(ledger, later, &JobCursor::default()).await.unwrap(),
        1,
        "one of which all is called off is left as it is"
    );
    assert_eq!(expire_blankets(ledger, later, &JobCursor::default()).await.unwrap(), 0, "twice does nothing more");
    assert_eq!(stands(&office, &blanket).await, state("EXPIRED", &[8]));
    let message = refused(&call_off(&office, &blanket, &mug, 1).await, "INVALID_STATE", "input.blanketOrder");
    assert!(message.contains("EXPIRED"), "{message}");
    let mugs = out["lines"][0]["id"].clone();
    let set = |quantity: i64| json!({ "setLines": [{ "purchaseOrderLineId": mugs, "quantity": quantity }] });
    refused(&amend(&office, &out, set(9)).await, "INVALID_STATE", "input.id");
    accepted(&amend(&office, &out, set(6)).await, "purchaseOrder");
    accepted(&office.receive(&out, &[6]).await, "purchaseOrder");
    assert_eq!(stands(&office, &blanket).await, state("EXPIRED", &[6]), "what is given back makes it no longer");
    office.step(&all, "purchaseOrderCancel").await;
    assert_eq!(stands(&office, &spent).await, state("ACTIVE", &[0]), "its last day has not gone by");
    assert_eq!(expire_blankets(ledger, later, &JobCursor::default()).await.unwrap(), 1);
    let query = "{ events(types: [\"blanket_order.expired\"], first: 250) { nodes { data } } }";
    let answer = office.execute(query, json!({})).await;
    let ids: Vec<&Value> =
        answer["data"]["events"]["nodes"].as_array().unwrap().iter().map(|event| &event["data"]["id"]).collect();
    assert_eq!(ids, [&blanket["id"], &spent["id"]], "{answer:#}");
    accepted(&step(&office, "blanketOrderClose", &blanket).await, "blanketOrder");
    office.is_sound().await;
}

async fn nothing_is_called_off_outside_of_its_days(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let lines = json!([line(&mug, 20, "1.50")]);
    let (from, to) = (day(&office, 5), day(&office, 9));
    let next = agreed(&office, json!({ "validFrom": from, "validTo": to, "lines": lines })).await;
    let message = refused(&call_off(&office, &next, &mug, 1).await, "INVALID_STATE", "input.blanketOrder");
    assert!(message.contains(&from) && message.contains(&to), "{message}");
    let backwards = write(&office, json!({ "validFrom": to, "validTo": from, "lines": lines })).await;
    refused(&backwards, "OUT_OF_RANGE", "input.validTo");
    let over = write(&office, json!({ "validFrom": day(&office, -9), "validTo": day(&office, -5), "lines": lines })).await;
    let message =
        refused(&step(&office, "blanketOrderActivate", accepted(&over, "blanketOrder")).await, "INVALID_STATE", "input.id");
    assert!(message.contains(&day(&office, -5)), "{message}");
    office.is_sound().await;
}

async fn a_person_activates_for_the_whole_company(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &answer["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    let payload = write(&office, json!({ "lines": [line(&mug, 101, "1.00")] })).await;
    let large = accepted(&payload, "blanketOrder").clone();
    let message = refused(&step(&office, "blanketOrderActivate", &large).await, "INVALID_STATE", "input.id");
    assert!(message.contains("100.00 GBP"), "{message}");
    let machine = Caller::new(
        office.caller.tenant,
        entity::prelude::Actor::integration(world.ours.ids["int"].parse().unwrap()),
        PermissionSet::all(),
    );
    refused(&step(&office.as_caller(machine), "blanketOrderActivate", &large).await, "INVALID_STATE", "input.id");
    let mut of_the_dock = Caller { permissions: PermissionSet::default(), ..office.caller.clone() };
    for code in ["purchase.read", "purchase.write", "purchase.approve"] {
        let index = REGISTRY.iter().position(|known| known.code == code).unwrap();
        of_the_dock.permissions.grant(index, &Reach::stores([office.store["id"].as_str().unwrap().parse().unwrap()]));
    }
    let dock = office.as_caller(of_the_dock);
    let document = "mutation($input: BlanketOrderActionInput!) { blanketOrderActivate(input: $input) { userErrors { code } } }";
    let answer = dock.execute(document, json!({ "input": { "idempotencyKey": key(), "id": large["id"] } })).await;
    assert_eq!(
        (&answer["errors"][0]["code"], &answer["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("purchase.approve")),
        "{answer:#}"
    );
    let tag = "mutation($input: NodeTagsSetInput!) { nodeTagsSet(input: $input) { userErrors { code } } }";
    let answer =
        dock.execute(tag, json!({ "input": { "idempotencyKey": key(), "nodeId": large["id"], "tags": ["Dock"] } })).await;
    assert_eq!(answer["errors"][0]["permission"], "purchase.write", "{answer:#}");
    // A change of the agreed terms makes the editor an author, and a change of the note does not.
    let editor =
        office.as_caller(Caller { actor: entity::prelude::Actor::member(world.node.clock.id()), ..office.caller.clone() });
    accepted(&change(&editor, &large, json!({ "lines": [line(&mug, 102, "1.00")] })).await, "blanketOrder");
    refused(&step(&editor, "blanketOrderActivate", &large).await, "INVALID_STATE", "input.id");
    let other =
        office.as_caller(Caller { actor: entity::prelude::Actor::member(world.node.clock.id()), ..office.caller.clone() });
    let noted = change(&other, &large, json!({ "note": "seen" })).await;
    refused(&step(&other, "blanketOrderActivate", &large).await, "REQUIRED", "input.expectedVersion");
    let version = &accepted(&noted, "blanketOrder")["version"];
    let seen = json!({ "idempotencyKey": key(), "id": large["id"], "expectedVersion": version });
    let active = other.mutate("blanketOrderActivate", "BlanketOrderActionInput", "blanketOrder { status }", seen).await;
    assert_eq!(accepted(&active, "blanketOrder")["status"], "ACTIVE");
    // A store's buyer sees the agreed quantities and calls them off, and sees no costs.
    assert_eq!(stands(&dock, &large).await, state("ACTIVE", &[0]));
    accepted(&call_off(&dock, &large, &mug, 3).await, "purchaseOrder");
    let query = "query($id: ID!) { blanketOrder(by: { id: $id }) { total { amount } lines { calledOff unitCost { amount } } } }";
    let seen = dock.execute(query, json!({ "id": large["id"] })).await["data"]["blanketOrder"].clone();
    assert_eq!(seen, json!({ "total": null, "lines": [{ "calledOff": 3, "unitCost": null }] }));
    office.is_sound().await;
}

async fn a_supplier_stays_while_a_blanket_order_is_in_force(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let input = json!({ "code": "KILN", "name": "Kiln" });
    let kiln = office.mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", input).await;
    let kiln = accepted(&kiln, "supplier")["id"].clone();
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    let archive = async || {
        let input = json!({ "id": office.supplier["id"] });
        office.mutate("supplierArchive", "SupplierArchiveInput", "supplier { archivedAt }", input).await
    };
    let merge = async || {
        let input = json!({ "idempotencyKey": key(), "id": office.supplier["id"], "intoId": kiln });
        office.mutate("supplierMerge", "SupplierMergeInput", "merged { archivedAt }", input).await
    };
    for told in [archive().await, merge().await] {
        let message = refused(&told, "IN_USE", "input.id");
        assert!(message.contains("blanket orders"), "{message}");
    }
    accepted(&step(&office, "blanketOrderClose", &blanket).await, "blanketOrder");
    accepted(&merge().await, "merged");
    let query = "query($id: ID!) { blanketOrders(filter: { supplier: { eq: $id } }) { nodes { id supplier { code } } } }";
    let read = office.execute(query, json!({ "id": kiln })).await;
    let expected = json!([{ "id": blanket["id"], "supplier": { "code": "POT" } }]);
    assert_eq!(read["data"]["blanketOrders"]["nodes"], expected, "it is listed with the other's: {read:#}");
    let payload = write(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    refused(&payload, "INVALID", "input.supplier");
    office.is_sound().await;
}

async fn a_blanket_order_is_written_once_and_says_what_became_of_it(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let input = json!({ "idempotencyKey": key(), "supplier": office.supplier, "validFrom": "2020-01-01", "validTo": "2099-12-31",
        "lines": [line(&mug, 20, "1.50")] });
    let before = world.dump(office.caller.tenant).await;
    let dry = "mutation($input: BlanketOrderCreateInput!) { blanketOrderCreate(input: $input, validateOnly: true) {
        blanketOrder { number status } userErrors { code message field } } }";
    let foreseen = office.execute(dry, json!({ "input": input })).await["data"]["blanketOrderCreate"].clone();
    assert_eq!(accepted(&foreseen, "blanketOrder"), &json!({ "number": "BPO-······", "status": "DRAFT" }));
    assert_eq!(world.dump(office.caller.tenant).await, before, "a dry run writes nothing");
    let payload = write(&office, input.clone()).await;
    let blanket = accepted(&payload, "blanketOrder").clone();
    let again = write(&office, input).await;
    assert_eq!((&again["replayed"], &again["blanketOrder"]["id"]), (&json!(true), &blanket["id"]));
    for (lines, code, field) in [
        (json!([]), "INVALID", "input.lines"),
        (json!([line(&mug, 1, "1.00"), line(&mug, 1, "1.00")]), "DUPLICATE", "input.lines.1.product"),
        (json!([line(&mug, 0, "1.00")]), "OUT_OF_RANGE", "input.lines.0.quantity"),
        (json!([line(&json!({ "sku": "NOBODYS" }), 1, "1.00")]), "NOT_FOUND", "input.lines.0.product.sku"),
        (json!([line(&json!({ "id": world.theirs.ids["prd"] }), 1, "1.00")]), "NOT_FOUND", "input.lines.0.product.id"),
    ] {
        refused(&write(&office, json!({ "lines": lines })).await, code, field);
    }
    let theirs = json!({ "supplier": { "id": world.theirs.ids["sup"] }, "lines": [line(&mug, 1, "1.00")] });
    refused(&write(&office, theirs).await, "NOT_FOUND", "input.supplier.id");
    refused(&step(&office, "blanketOrderClose", &json!({ "id": world.theirs.ids["bor"] })).await, "NOT_FOUND", "input.id");
    accepted(&step(&office, "blanketOrderActivate", &blanket).await, "blanketOrder");
    let stale = json!({ "idempotencyKey": key(), "id": blanket["id"], "expectedVersion": 1 });
    let stale = office.mutate("blanketOrderClose", "BlanketOrderActionInput", "blanketOrder { id }", stale).await;
    refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
    accepted(&call_off(&office, &blanket, &mug, 20).await, "purchaseOrder");
    accepted(&step(&office, "blanketOrderClose", &blanket).await, "blanketOrder");
    let query = "query($id: ID!) { events(types: [\"blanket_order.*\"], first: 250) { nodes { type data } } history(nodeId: $id) { nodes { __typename } } }";
    let read = office.execute(query, json!({ "id": blanket["id"] })).await;
    let events: Vec<(Value, Value, Value)> = read["data"]["events"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{read:#}"))
        .iter()
        .filter(|event| event["data"]["id"] == blanket["id"])
        .map(|event| (event["type"].clone(), event["data"]["status"].clone(), event["data"]["version"].clone()))
        .collect();
    let steps = [("created", "DRAFT"), ("activated", "ACTIVE"), ("updated", "EXHAUSTED"), ("closed", "CLOSED")];
    let expected: Vec<_> = (1..)
        .zip(steps)
        .map(|(version, (step, status))| (json!(format!("blanket_order.{step}")), json!(status), json!(version)))
        .collect();
    assert_eq!(events, expected);
    assert_eq!(read["data"]["history"]["nodes"].as_array().map(Vec::len), Some(3), "written, activated, closed: {read:#}");
    let note = json!({ "idempotencyKey": key(), "nodeId": blanket["id"], "text": "ask for a better price" });
    accepted(&office.mutate("noteAdd", "NoteAddInput", "note { id }", note).await, "note");
    a_draft_changes_until_it_is_in_force(&office, &mug).await;
    office.is_sound().await;
}

async fn a_draft_changes_until_it_is_in_force(office: &Office<'_>, mug: &Value) {
    let jug = office.product("JUG", "3.00").await;
    let lines = json!([line(mug, 20, "1.50"), line(&jug, 5, "2.00")]);
    let payload = write(office, json!({ "lines": lines, "externalRef": "frame 1", "note": "for the year" })).await;
    let draft = accepted(&payload, "blanketOrder").clone();
    let input = json!({ "idempotencyKey": key(), "id": draft["id"], "expectedVersion": 1, "validTo": "2098-12-31",
        "externalRef": "frame 2", "note": null, "lines": [line(&jug, 7, "2.50")] });
    let before = office.world.dump(office.caller.tenant).await;
    let dry = "mutation($input: BlanketOrderUpdateInput!) { blanketOrderUpdate(input: $input, validateOnly: true) {
        blanketOrder { version total { amount } } userErrors { code message field } } }";
    let foreseen = office.execute(dry, json!({ "input": input })).await["data"]["blanketOrderUpdate"].clone();
    assert_eq!(accepted(&foreseen, "blanketOrder"), &json!({ "version": 2, "total": { "amount": "17.50" } }));
    for (refusing, code, field) in [
        (json!({ "expectedVersion": 7, "note": "late" }), "VERSION_CONFLICT", "input.expectedVersion"),
        (json!({ "lines": [] }), "INVALID", "input.lines"),
        (json!({ "lines": [line(mug, 1, "1.00"), line(mug, 1, "1.00")] }), "DUPLICATE", "input.lines.1.product"),
        (json!({ "lines": [line(&json!({ "sku": "NOBODYS" }), 1, "1.00")] }), "NOT_FOUND", "input.lines.0.product.sku"),
        (json!({ "validFrom": "2100-01-01" }), "OUT_OF_RANGE", "input.validFrom"),
        (json!({ "id": office.world.theirs.ids["bor"], "note": "ours" }), "NOT_FOUND", "input.id"),
    ] {
        refused(&change(office, &draft, refusing).await, code, field);
    }
    assert_eq!(office.world.dump(office.caller.tenant).await, before, "what is refused or only tried writes nothing");
    let changed = change(office, &draft, input.clone()).await;
    let again = change(office, &draft, input).await;
    assert_eq!((&again["replayed"], &again["blanketOrder"]), (&json!(true), &changed["blanketOrder"]));
    let blanket = accepted(&changed, "blanketOrder");
    let lines =
        json!([{ "position": 1, "sku": "JUG", "quantity": 7, "calledOff": 0, "left": 7, "unitCost": { "amount": "2.50" } }]);
    assert_eq!((&blanket["number"], &blanket["version"], &blanket["lines"]), (&draft["number"], &json!(2), &lines));
    assert_eq!(
        (&blanket["validFrom"], &blanket["validTo"], &blanket["externalRef"], &blanket["note"]),
        (&draft["validFrom"], &json!("2098-12-31"), &json!("frame 2"), &Value::Null)
    );
    accepted(&step(office, "blanketOrderActivate", &draft).await, "blanketOrder");
    let message = refused(&change(office, &draft, json!({ "note": "late" })).await, "INVALID_STATE", "input.id");
    assert!(message.contains("ACTIVE") && message.contains("blanketOrderClose"), "{message}");
    accepted(&call_off(office, &draft, &jug, 7).await, "purchaseOrder");
    assert_eq!(stands(office, &draft).await, state("EXHAUSTED", &[7]));
    let query = "query($id: ID!) { events(types: [\"blanket_order.updated\"], first: 250) { nodes { data } } history(nodeId: $id) { nodes { __typename } } }";
    let read = office.execute(query, json!({ "id": draft["id"] })).await;
    let events = read["data"]["events"]["nodes"].as_array().unwrap_or_else(|| panic!("{read:#}"));
    let versions: Vec<&Value> =
        events.iter().map(|event| &event["data"]).filter(|data| data["id"] == draft["id"]).map(|data| &data["version"]).collect();
    assert_eq!(versions, [2, 4], "changed, then called off");
    assert_eq!(read["data"]["history"]["nodes"].as_array().map(Vec::len), Some(3), "written, changed, activated: {read:#}");
}

async fn blanket_orders_are_listed_as_asked(world: &World) {
    let office = Office::of(world).await;
    let (mug, jug) = (office.product("MUG-B", "2.00").await, office.product("JUG-B", "3.00").await);
    let first = agreed(&office, json!({ "externalRef": "Frame 2026/7", "lines": [line(&mug, 20, "1.50")] })).await;
    let payload = write(&office, json!({ "validTo": "2030-12-31", "lines": [line(&jug, 20, "1.50")] })).await;
    let second = accepted(&payload, "blanketOrder").clone();
    let query = "query($filter: BlanketOrderFilter, $sort: BlanketOrderSort) { blanketOrders(filter: $filter, sort: $sort) { nodes { id lines { sku } } totalCount { count } } }";
    let own = json!({ "supplier": { "eq": office.supplier["id"] } });
    for (filter, expected) in [
        (json!({}), vec![&second, &first]),
        (json!({ "status": ["ACTIVE"] }), vec![&first]),
        (json!({ "number": { "eq": second["number"] } }), vec![&second]),
        (json!({ "product": { "eq": mug["id"] } }), vec![&first]),
        (json!({ "sku": { "startsWith": "jug-" } }), vec![&second]),
        (json!({ "createdAt": { "lt": "2020-01-01T00:00:00Z" } }), vec![]),
        (json!({ "externalRef": { "startsWith": "Frame" } }), vec![&first]),
        (json!({ "not": { "externalRef": { "eq": "Frame 2026/7" } } }), vec![&second]),
        (json!({ "validFrom": { "gte": "2020-01-01", "lt": "2020-01-02" }, "validTo": { "lt": "2031-01-01" } }), vec![&second]),
        (json!({ "search": "frame 2026" }), vec![&first]),
        (json!({ "search": second["number"] }), vec![&second]),
        (json!({ "search": " " }), vec![]),
        (json!({ "not": { "status": ["DRAFT"] } }), vec![&first]),
        (json!({ "or": [{ "status": ["DRAFT"] }, { "sku": { "eq": "mug-b" } }] }), vec![&second, &first]),
    ] {
        let mut all = filter;
        all["and"] = json!([own]);
        let read = office.execute(query, json!({ "filter": all })).await;
        let page = &read["data"]["blanketOrders"];
        let ids: Vec<&Value> =
            page["nodes"].as_array().unwrap_or_else(|| panic!("{read:#}")).iter().map(|one| &one["id"]).collect();
        assert_eq!(ids, expected.iter().map(|one| &one["id"]).collect::<Vec<_>>(), "{all}");
        assert_eq!(page["totalCount"]["count"], expected.len(), "{all}");
    }
    let sort = json!({ "field": "CREATED_AT", "direction": "ASC" });
    let read = office.execute(query, json!({ "filter": own, "sort": sort })).await;
    let skus: Vec<&Value> =
        read["data"]["blanketOrders"]["nodes"].as_array().unwrap().iter().map(|one| &one["lines"][0]["sku"]).collect();
    assert_eq!(skus, ["MUG-B", "JUG-B"]);
    orders_are_sorted_by_their_last_day(&office, &mug).await;
    let backwards = json!({ "validTo": { "gte": "2031-01-01", "lt": "2031-01-01" } });
    let read = office.execute(query, json!({ "filter": backwards })).await;
    assert_eq!(read["errors"][0]["field"], json!(["filter", "validTo", "lt"]), "{read:#}");
    let pattern = json!({ "kind": "BLANKET_ORDER", "pattern": "FRAME-{n:4}" });
    accepted(
        &office.mutate("numberPatternSet", "NumberPatternSetInput", "numberPattern { next }", pattern).await,
        "numberPattern",
    );
    let payload = write(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    let third = accepted(&payload, "blanketOrder").clone();
    assert!(third["number"].as_str().unwrap().starts_with("FRAME-0"), "{third:#}");
    for blanket in [&first, &third] {
        is_found_by_its_number(&office, blanket).await;
    }
}

/// Pages of one from either end: of two with one last day the earlier number comes first.
async fn orders_are_sorted_by_their_last_day(office: &Office<'_>, product: &Value) {
    let mut ids = Vec::new();
    for (day, reference) in [("2032-05-01", "later"), ("2032-04-01", "sooner"), ("2032-05-01", "later again")] {
        let input = json!({ "externalRef": reference, "validTo": day, "lines": [line(product, 1, "1.50")] });
        ids.push(accepted(&write(office, input).await, "blanketOrder")["id"].clone());
    }
    let query =
        "query($filter: BlanketOrderFilter, $sort: BlanketOrderSort, $after: Cursor, $before: Cursor, $first: Int, $last: Int) {
        blanketOrders(filter: $filter, sort: $sort, after: $after, before: $before, first: $first, last: $last) {
          nodes { id } pageInfo { startCursor endCursor } } }";
    let filter = json!({ "validTo": { "gte": "2032-04-01", "lt": "2032-06-01" } });
    for (direction, expected) in [("ASC", [1, 0, 2]), ("DESC", [2, 0, 1])] {
        let sort = json!({ "field": "VALID_TO", "direction": direction });
        let expected = expected.map(|nth: usize| ids[nth].clone());
        let (mut forth, mut back) = (Vec::new(), Vec::new());
        let (mut after, mut before) = (Value::Null, Value::Null);
        for _ in 0..3 {
            let page = office.execute(query, json!({ "filter": filter, "sort": sort, "first": 1, "after": after })).await;
            let page = &page["data"]["blanketOrders"];
            forth.push(page["nodes"][0]["id"].clone());
            after = page["pageInfo"]["endCursor"].clone();
            let page = office.execute(query, json!({ "filter": filter, "sort": sort, "last": 1, "before": before })).await;
            let page = &page["data"]["blanketOrders"];
            back.insert(0, page["nodes"][0]["id"].clone());
            before = page["pageInfo"]["startCursor"].clone();
        }
        assert_eq!((forth.as_slice(), back.as_slice()), (expected.as_slice(), expected.as_slice()), "{direction}");
    }
}

/// Scanning, searching and the list find it by its number, in any spelling of capitals.
async fn is_found_by_its_number(office: &Office<'_>, blanket: &Value) {
    let (id, number) = (&blanket["id"], blanket["number"].as_str().unwrap());
    let query = "query($text: String!) { scanCode(code: $text, kinds: [BLANKET_ORDER]) { matches { kind matchedBy node { id } } }
        search(query: $text, kinds: [BLANKET_ORDER]) { results { kind tier title node { id } } }
        blanketOrders(filter: { search: $text }) { nodes { id } } blanketOrder(by: { number: $text }) { id } }";
    for text in [number.to_owned(), number.to_lowercase()] {
        let read = office.execute(query, json!({ "text": text })).await;
        let expected = json!({
            "scanCode": { "matches": [{ "kind": "BLANKET_ORDER", "matchedBy": "number", "node": { "id": id } }] },
            "search": { "results": [{ "kind": "BLANKET_ORDER", "tier": "EXACT", "title": number, "node": { "id": id } }] },
            "blanketOrders": { "nodes": [{ "id": id }] },
            "blanketOrder": { "id": id },
        });
        assert_eq!(read["data"], expected, "{text}: {read:#}");
    }
}

async fn each_proof_of_blanket_orders_names_what_is_broken(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let blanket = agreed(&office, json!({ "lines": [line(&mug, 20, "1.50")] })).await;
    accepted(&call_off(&office, &blanket, &mug, 8).await, "purchaseOrder");
    let one = |table, column, rows, named| Break { table, column, rows, named };
    let breaks = [
        one("blanket_order_line", "called_off", "called_off > 0", "blanket order line: called off"),
        one("blanket_order_line", "unit_cost_minor", "unit_cost_minor > 0", "purchase order: each called-off line is"),
        one("blanket_order", "total_minor", "total_minor > 0", "blanket order: its total"),
        one("tenant_counter", "blanket_order_number", "blanket_order_number > 0", "blanket order: numbers"),
    ];
    each_is_named(world, &breaks).await;
}
