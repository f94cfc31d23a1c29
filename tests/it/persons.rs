//! Personal data of a customer: encrypted with a key of its own, and lost with that key.

use entity::prelude::*;
use entrepot::{
    access::{PermissionSet, index_of},
    audit::rows as log,
    catalog::shell::seal_customers,
    secrets::{self, KeySource},
    serve::keys::sealed_columns,
    storage::{Database, Reads},
};
use serde_json::{Value, json};

use crate::{authorization::world::World, catalog::world::World as Shop, world::on_both};

const FIELDS: &str = "id externalRef name country email version";

async fn ada(world: &Shop) -> Value {
    let query = format!(
        "mutation {{ customerCreate(input: {{ externalRef: \"c-1\", name: \"Ada Lovelace\", country: \"GB\", email: \"Ada@Example.com\" }})
         {{ customer {{ {FIELDS} }} }} }}"
    );
    world.execute(&query, json!({})).await["customerCreate"]["customer"].clone()
}
async fn everybody(world: &Shop) -> Value {
    world.execute(&format!("{{ customers {{ nodes {{ {FIELDS} }} }} }}"), json!({})).await["customers"]["nodes"].clone()
}
async fn by_email(world: &Shop, email: &str) -> usize {
    let found =
        world.execute("query($email: String!) { customers(email: $email) { nodes { id } } }", json!({ "email": email })).await;
    found["customers"]["nodes"].as_array().unwrap().len()
}

/// All stored data of customers, as bytes.
async fn stored_customers(db: &Database) -> Vec<u8> {
    let mut all = Vec::new();
    let rows = db
        .global()
        .rows("SELECT name, email, external_ref, personal, email_blind FROM customer ORDER BY id", vec![])
        .await
        .unwrap();
    for row in &rows {
        for index in 0..3 {
            all.extend(row.try_get_by_index::<Option<String>>(index).unwrap().unwrap_or_default().into_bytes());
        }
        for index in 3..5 {
            all.extend(row.try_get_by_index::<Option<Vec<u8>>>(index).unwrap().unwrap_or_default());
        }
    }
    for row in db.global().rows("SELECT payload FROM event", vec![]).await.unwrap() {
        all.extend(row.try_get_by_index::<String>(0).unwrap().into_bytes());
    }
    all
}
fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.to_ascii_lowercase().windows(word.len()).any(|part| part == word.to_ascii_lowercase().as_bytes())
}
async fn count(db: &Database, sql: &str) -> i64 {
    db.global().rows(sql, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

on_both!(what_tells_who_a_customer_is_lies_sealed, world: Shop => {
    let customer = ada(world).await;
    let input = json!({ "id": customer["id"], "externalRef": "c-1", "name": "Ada Lovelace", "country": "GB", "email": "Ada@Example.com", "version": 1 });
    assert_eq!((&customer, &everybody(world).await), (&input, &json!([input.clone()])));
    let bytes = stored_customers(&world.db).await;
    assert!(!holds(&bytes, "lovelace") && !holds(&bytes, "example.com"), "something tells who it is");
    assert!(holds(&bytes, "c-1"), "the test looks at the right rows");
    let query = format!("mutation($id: ID!) {{ customerUpdate(input: {{ id: $id, expectedVersion: 1, name: \"Ada King\" }}) {{ customer {{ {FIELDS} }} }} }}");
    let changed = world.execute(&query, json!({ "id": customer["id"] })).await["customerUpdate"]["customer"].clone();
    assert_eq!((&changed["name"], &changed["email"], &changed["version"]), (&json!("Ada King"), &json!("Ada@Example.com"), &json!(2)));
    assert_eq!(everybody(world).await, json!([changed]));
    assert!(!holds(&stored_customers(&world.db).await, "king"));
    assert_eq!(count(&world.db, "SELECT count(*) FROM subject").await, 2, "one key for Ada, one to find addresses by");
});

/// Contacts, addresses, tax IDs and payment terms of a customer.
const REACHED: &str = "version contacts { name email phone role } addresses { company lines city postalCode country } taxIds { country kind number } \
    paymentTerms { days discountDays discountPercent text }";

on_both!(how_a_customer_is_reached_and_pays_lies_sealed_and_dies_with_them, world: Shop => {
    let id = ada(world).await["id"].clone();
    let update = async |version: i64, extra: Value| {
        let mut input = json!({ "id": id, "expectedVersion": version });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let query = format!("mutation($input: CustomerUpdateInput!) {{ customerUpdate(input: $input) {{ customer {{ {REACHED} }} userErrors {{ code field }} }} }}");
        world.execute(&query, json!({ "input": input })).await["customerUpdate"].clone()
    };
    let read = format!("query($id: ID!) {{ customer(by: {{ id: $id }}) {{ {REACHED} }} }}");
    let nothing = json!({ "version": 1, "contacts": [], "addresses": [], "taxIds": [], "paymentTerms": null });
    assert_eq!(world.execute(&read, json!({ "id": id })).await["customer"], nothing);
    let extra = json!({
        "contacts": [{ "name": "Byron", "phone": "020 7946 0000", "role": "invoices" }],
        "addresses": [{ "company": "Engine Works", "lines": ["1 Kiln Lane"], "city": "Leeds", "country": "gb" }, { "city": "York" }],
        "taxIds": [{ "country": "gb", "kind": "VAT", "number": "gb 123 4567 82" }],
        "paymentTerms": { "days": 30, "discountDays": 10, "discountPercent": "2.5" }
    });
    let update_payload = update(1, extra).await;
    let wanted_input = json!({ "version": 2,
        "contacts": [{ "name": "Byron", "email": null, "phone": "020 7946 0000", "role": "invoices" }],
        "addresses": [{ "company": "Engine Works", "lines": ["1 Kiln Lane"], "city": "Leeds", "postalCode": null, "country": "GB" },
            { "company": null, "lines": [], "city": "York", "postalCode": null, "country": null }],
        "taxIds": [{ "country": "GB", "kind": "VAT", "number": "GB123456782" }],
        "paymentTerms": { "days": 30, "discountDays": 10, "discountPercent": "2.50", "text": null } });
    assert_eq!(update_payload, json!({ "customer": wanted_input, "userErrors": [] }));
    assert_eq!(world.execute(&read, json!({ "id": id })).await["customer"], wanted_input);
    let bytes = stored_customers(&world.db).await;
    assert!(["byron", "kiln", "leeds", "123456782", "7946"].iter().all(|word| !holds(&bytes, word)), "something tells who it is");
    // A caller with access to customers but not to their contacts gets null for each of them.
    let blind = world.execute_as(Some(world.with(&["customer.read"])), &read, json!({ "id": id })).await;
    let masked = json!({ "version": 2, "contacts": null, "addresses": null, "taxIds": null, "paymentTerms": null });
    assert_eq!(blind["data"]["customer"], masked, "{blind}");
    // Fields that are not in the input are not changed; a list replaces the old one, and null
    // clears.
    assert_eq!(update(2, json!({ "name": "Ada King" })).await["customer"]["addresses"], wanted_input["addresses"]);
    let fewer = update(3, json!({ "addresses": [{ "city": "York" }], "contacts": [], "paymentTerms": null })).await["customer"].clone();
    assert_eq!((&fewer["contacts"], &fewer["paymentTerms"], &fewer["taxIds"]), (&json!([]), &Value::Null, &wanted_input["taxIds"]));
    assert_eq!(fewer["addresses"][0]["city"], "York");
    let wrong = update(4, json!({ "addresses": [{ "city": "York" }, {}], "taxIds": [{ "country": "Britain", "kind": "VAT", "number": "1" }] })).await;
    let update_payload: Vec<&Value> = wrong["userErrors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(update_payload, [&json!(["input", "addresses", "1"]), &json!(["input", "taxIds", "0", "country"]), &json!(["input", "taxIds", "0", "number"])]);
    // Without its key the data cannot be decrypted.
    world.run_tenant_sql("DELETE FROM subject WHERE tenant_id = $1 AND id <> $1", vec![]).await;
    let customer = world.execute(&read, json!({ "id": id })).await["customer"].clone();
    assert_eq!((&customer["addresses"], &customer["taxIds"]), (&json!([]), &json!([])), "{customer}");
});

on_both!(a_sealed_person_cannot_be_moved_to_another_row, world: Shop => {
    ada(world).await;
    world.execute("mutation { customerCreate(input: { externalRef: \"c-2\", name: \"Bob\" }) { seq } }", json!({})).await;
    let both = everybody(world).await;
    world.run_tenant_sql("UPDATE customer SET personal = (SELECT o.personal FROM customer o WHERE o.tenant_id = $1 AND o.external_ref = 'c-1') WHERE tenant_id = $1 AND external_ref = 'c-2'", vec![]).await;
    let answer = world.execute_as(Some(world.owner.clone()), "{ customer(by: { externalRef: \"c-2\" }) { name } }", json!({})).await;
    assert_eq!(answer["errors"][0]["code"], json!("INTERNAL"), "{answer}");
    let first = world.execute("{ customer(by: { externalRef: \"c-1\" }) { name } }", json!({})).await;
    assert_eq!(first["customer"]["name"], both[0]["name"]);
});

on_both!(customers_are_found_by_their_address_and_by_whoever_may_see_it, world: Shop => {
    ada(world).await;
    world.execute("mutation { customerCreate(input: { name: \"Bob\", email: \"bob@example.com\" }) { seq } }", json!({})).await;
    assert_eq!(by_email(world, " ada@EXAMPLE.com").await, 1);
    assert_eq!(by_email(world, "ada@example").await, 0);
    let other = world.other_tenant().await;
    let query = "{ customers(email: \"ada@example.com\") { nodes { id } } }";
    let theirs = world.execute_as(Some(other), query, json!({})).await;
    assert_eq!(theirs["data"]["customers"]["nodes"], json!([]));
    let blind = world.execute_as(Some(world.with(&["customer.read"])), query, json!({})).await;
    assert_eq!(blind["errors"][0]["code"], json!("FORBIDDEN"), "an address that is found is an address that is known");
    let key = world.clock.uuid();
    world.run_tenant_sql("UPDATE customer SET email_blind = $2 WHERE tenant_id = $1", vec![key.as_bytes().to_vec().into()]).await;
    assert_eq!(by_email(world, "ada@example.com").await, 0, "only the blind index finds");
});

on_both!(customers_from_before_are_sealed_as_they_stand, world: Shop => {
    let work = world.db.tenant(world.owner.tenant).begin().await.unwrap();
    for n in 0..450 {
        let row = entity::customer::Model {
            tenant_id: world.owner.tenant,
            id: world.clock.id(),
            external_ref: Some(format!("r{n}")),
            name: Some(format!("Person {n}")),
            country: None,
            email: (n % 2 == 0).then(|| format!("person{n}@example.com")),
            version: 3,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            merged_into: None,
            tags: "[]".to_owned(),
            archived_at: None,
            particulars: entity::customer::CustomerDetails::default(),
            is_lost: false,
        };
        work.insert::<entity::customer::Entity>(row).await.unwrap();
    }
    work.commit().await.unwrap();
    let before = world.execute("{ customers(first: 250) { nodes { id name email version updatedAt } } }", json!({})).await;
    assert_eq!(before["customers"]["nodes"][2]["name"], json!("Person 2"));
    assert_eq!(seal_customers(&world.db).await.unwrap(), 450);
    assert_eq!(seal_customers(&world.db).await.unwrap(), 0, "done, it finds nothing");
    let bytes = stored_customers(&world.db).await;
    assert!(!holds(&bytes, "person ") && !holds(&bytes, "@example"));
    assert_eq!(world.execute("{ customers(first: 250) { nodes { id name email version updatedAt } } }", json!({})).await, before);
    assert_eq!(by_email(world, "person448@example.com").await, 1);
});

on_both!(master_keys_are_turned_over_and_persons_stay_readable, world: Shop => {
    ada(world).await;
    let KeySource::Given(first) = crate::world::keys() else { panic!() };
    let second = "k2:ocqZXBjDkL3BNZOr/9o4iqeZWVjT8lRA50RgeJ6Ls1k=";
    let before = everybody(world).await;
    let both = secrets::open(&world.db, &KeySource::Given(format!("{second}\n{first}")), &world.clock).await.unwrap();
    let walked = secrets::reseal(&world.db, &both, &sealed_columns()).await.unwrap();
    assert_eq!(walked.resealed, 3, "the key of tokens, the tenant's and Ada's: {walked:?}");
    let alone = secrets::Keys::parse(second).unwrap();
    world.db.extensions().insert(secrets::KeyRing::new(alone, world.clock.clone(), std::sync::Arc::new(secrets::EnvironmentKeys(second.to_owned()))));
    assert_eq!(everybody(world).await, before);
    assert_eq!(by_email(world, "ada@example.com").await, 1);
});

on_both!(
    an_erased_customer_is_forgotten_and_the_books_stay,
    what_an_order_says_of_its_customer_goes_with_them,
    whoever_reads_contacts_is_in_the_log,
    contacts_that_a_change_or_a_stream_shows_are_in_the_log
);

async fn an_erased_customer_is_forgotten_and_the_books_stay(world: &World) {
    let company = &world.ours;
    let (db, tenant) = (&world.node.db, company.owner.tenant);
    let owner = || Some(company.owner.clone());
    let id = json!({ "id": company.ids["cus"] });
    let orders = "{ orders { nodes { number total { amount } customer { id name } } } }";
    let before = world.execute(company, owner(), orders, &json!({})).await;
    let old = db
        .tenant(tenant)
        .rows("SELECT personal FROM customer WHERE tenant_id = $1 AND personal IS NOT NULL AND length(personal) > 0", vec![])
        .await
        .unwrap();
    let old: Vec<u8> = old[0].try_get_by_index(0).unwrap();
    let keys = "SELECT count(*) FROM subject";
    let had = count(db, keys).await;
    let erase = "mutation($id: ID!, $dry: Boolean! = false) { customerErase(input: { id: $id }, validateOnly: $dry) { customer { id name email externalRef } userErrors { code } } }";
    let dry = world.execute(company, owner(), erase, &json!({ "id": company.ids["cus"], "dry": true })).await;
    assert_eq!((&dry["errors"], count(db, keys).await), (&Value::Null, had), "a dry run destroys nothing: {dry}");
    let answer = world.execute(company, owner(), erase, &id).await;
    let expected = json!({ "id": company.ids["cus"], "name": null, "email": null, "externalRef": null });
    assert_eq!(answer["data"]["customerErase"], json!({ "customer": expected, "userErrors": [] }), "{answer}");
    assert_eq!(count(db, keys).await, had - 2, "its key is gone, and that of an invoice");
    // The old bytes from a copy of the table cannot be decrypted.
    let work = db.tenant(tenant).begin().await.unwrap();
    let uuid: CustomerId = company.ids["cus"].parse().unwrap();
    work.execute("UPDATE customer SET personal = $3 WHERE tenant_id = $1 AND id = $2", vec![uuid.into(), old.into()])
        .await
        .unwrap();
    work.commit().await.unwrap();
    let shown_answer =
        world.execute(company, owner(), "query($id: ID!) { customer(by: { id: $id }) { id name email externalRef } }", &id).await;
    assert_eq!(shown_answer["data"]["customer"], expected);
    let after = world.execute(company, owner(), orders, &json!({})).await;
    let (was, is) = (&before["data"]["orders"]["nodes"][0], &after["data"]["orders"]["nodes"][0]);
    assert_eq!((&is["number"], &is["total"], &is["customer"]["id"]), (&was["number"], &was["total"], &was["customer"]["id"]));
    assert_eq!((was["customer"]["name"].is_null(), is["customer"]["name"].is_null()), (false, true), "{was} {is}");
    let report = entrepot::insight::verify::verify_tenant(db, tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
    let events = entrepot::storage::journal::after(&db.tenant(tenant), 0, 10_000).await.unwrap();
    assert_eq!(events.iter().filter(|event| event.kind == "customer.erased").count(), 1);
    // A second call changes nothing; another tenant's customer is not found.
    let again = world.execute(company, owner(), erase, &id).await;
    assert_eq!(again["data"]["customerErase"]["userErrors"], json!([]));
    let theirs = world.execute(company, owner(), erase, &json!({ "id": world.theirs.ids["cus"] })).await;
    assert_eq!(theirs["data"]["customerErase"]["userErrors"], json!([{ "code": "NOT_FOUND" }]));
}

async fn what_an_order_says_of_its_customer_goes_with_them(world: &World) {
    let company = &world.ours;
    let (db, owner) = (&world.node.db, || Some(company.owner.clone()));
    let (store, product) = (json!({ "id": company.ids["sto"] }), json!({ "id": company.ids["prd"] }));
    let place = async |key: &str, customer: Value| {
        let input = json!({ "idempotencyKey": key, "store": store, "customerId": customer, "status": "DRAFT",
            "lines": [{ "product": product, "quantity": 1 }], "noteForStaff": "kept",
            "contact": { "name": "Ada Lovelace" }, "billingAddress": { "city": "Bath" } });
        let query =
            "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code field } } }";
        let answer = world.execute(company, owner(), query, &json!({ "input": input })).await;
        answer["data"]["orderCreate"]["order"]["id"].clone()
    };
    let (own, nobodys) = (place("says-1", json!(company.ids["cus"])).await, place("says-2", Value::Null).await);
    let says = async |order: &Value| {
        let query = "query($id: ID!) { order(by: { id: $id }) { noteForStaff contact { name } billingAddress { city } } }";
        world.execute(company, owner(), query, &json!({ "id": order })).await["data"]["order"].clone()
    };
    let reported_input =
        json!({ "noteForStaff": "kept", "contact": { "name": "Ada Lovelace" }, "billingAddress": { "city": "Bath" } });
    assert_eq!((says(&own).await, says(&nobodys).await), (reported_input.clone(), reported_input.clone()));
    // No event has any of it, so no archived month does either.
    let payloads = db.global().rows("SELECT payload FROM event WHERE kind LIKE 'order.%'", vec![]).await.unwrap();
    let payloads: Vec<String> = payloads.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert!(payloads.len() >= 2 && payloads.iter().all(|payload| !payload.contains("Lovelace") && !payload.contains("Bath")));
    let keys = "SELECT count(*) FROM subject";
    let had = count(db, keys).await;
    // A new key of the customer's leaves the order's alone.
    let change = "mutation($id: ID!) { customerUpdate(input: { id: $id, name: \"Ada King\" }) { userErrors { code } } }";
    world.execute(company, owner(), change, &json!({ "id": company.ids["cus"] })).await;
    assert_eq!(says(&own).await, reported_input);
    let erase = "mutation($id: ID!) { customerErase(input: { id: $id }) { userErrors { code } } }";
    let answer = world.execute(company, owner(), erase, &json!({ "id": company.ids["cus"] })).await;
    assert_eq!(answer["data"]["customerErase"]["userErrors"], json!([]), "{answer}");
    assert_eq!(says(&own).await, json!({ "noteForStaff": "kept", "contact": null, "billingAddress": null }));
    assert_eq!(says(&nobodys).await, reported_input, "nobody's order is forgotten by an edit that clears it");
    assert_eq!(count(db, keys).await, had - 3, "the customer's key, the order's, and that of an invoice");
    let report = entrepot::insight::verify::verify_tenant(db, company.owner.tenant, |_| {}).await.unwrap();
    assert!(report.is_sound(), "{report}");
}

async fn whoever_reads_contacts_is_in_the_log(world: &World) {
    let company = &world.ours;
    let owner = || Some(company.owner.clone());
    let make = "mutation { customerCreate(input: { name: \"Ada\", email: \"ada@example.com\" }) { seq } }";
    for _ in 0..3 {
        world.execute(company, owner(), make, &json!({})).await;
    }
    let read = async || {
        for _ in 0..100 {
            world.node.audit.seal_all().await.unwrap();
            let all = log::chain(&world.node.db.tenant(company.owner.tenant), 1, 10_000).await.unwrap();
            let read: Vec<_> =
                all.into_iter().map(|stored| stored.entry).filter(|entry| entry.action == "customer.contact.read").collect();
            if !read.is_empty() {
                return read;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        Vec::new()
    };
    world.execute(company, owner(), "{ customers { nodes { id name } } }", &json!({})).await;
    let mut masked = company.owner.clone();
    masked.permissions = PermissionSet::default();
    masked.permissions.insert(index_of("customer.read").unwrap());
    world.execute(company, Some(masked), "{ customers { nodes { email } } }", &json!({})).await;
    let page = world.execute(company, owner(), "{ customers { nodes { email } } }", &json!({})).await;
    let total = page["data"]["customers"]["nodes"].as_array().unwrap().iter().filter(|node| !node["email"].is_null()).count();
    assert!(total >= 3, "{page}");
    let found = read().await;
    assert_eq!(found.len(), 1, "one entry for the page, none for pages without contacts: {found:?}");
    assert_eq!(found[0].actor, Some(company.owner.actor));
    let told: Value = serde_json::from_str(&found[0].changes).unwrap();
    assert_eq!((&told["field"], &told["count"]), (&json!("customers"), &json!(total)), "{told}");
    assert!(!found[0].changes.contains("example.com"), "the log says whose, not what");
}

async fn contacts_that_a_change_or_a_stream_shows_are_in_the_log(world: &World) {
    let company = &world.ours;
    let values_of = async |field: &str| {
        for _ in 0..200 {
            world.node.audit.seal_all().await.unwrap();
            let all = log::chain(&world.node.db.tenant(company.owner.tenant), 1, 10_000).await.unwrap();
            let mut read = all.into_iter().map(|stored| stored.entry).filter(|entry| entry.action == "customer.contact.read");
            if let Some(entry) = read.find(|entry| entry.changes.contains(field)) {
                return Some(entry);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        None
    };
    let change = "mutation { customerCreate(input: { name: \"Ada\", email: \"ada@example.com\" }) { customer { id email } } }";
    let stream = "subscription { orderChanged { changes { order { customer { id email } } } } }";
    for (field, query) in [("customerCreate", change), ("orderChanged", stream)] {
        let answer = world.execute(company, Some(company.owner.clone()), query, &json!({})).await;
        assert!(answer["errors"].is_null() && answer.to_string().contains("@example.com"), "{answer:#}");
        let entry = values_of(field).await.unwrap_or_else(|| panic!("{field} is not in the log"));
        assert_eq!(entry.actor, Some(company.owner.actor));
        assert!(!entry.changes.contains("example.com"), "the log says whose, not what");
    }
}
