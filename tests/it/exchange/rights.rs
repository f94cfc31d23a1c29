//! An exchange has the rights of its creator at the moment it runs.

use serde_json::json;

use super::world::{Works, World, counts, execute, import, product, wait_for_end};
use crate::world::on_both;

on_both!(rights_that_were_taken_away_end_an_import, a_key_asks_once, nobody_imports_a_file_of_others);

async fn rights_that_were_taken_away_end_an_import(world: &World) {
    let admin = entrepot::access::BUILT_IN.iter().find(|role| role.key == "admin").unwrap();
    let person = world.add_member_with("buyer", json!([{ "roleId": admin.id.to_string(), "scope": { "all": true } }])).await;
    let caller = world.caller(person).await;
    let upload = "mutation($input: FileUploadCreateInput!) { fileUploadCreate(input: $input) { file { id } uploadUrl userErrors { code message } } }";
    let upload_answer = world
        .execute(&world.ours, Some(caller.clone()), upload, &json!({ "input": { "purpose": "IMPORT", "name": "x.csv" } }))
        .await;
    let upload_answer = upload_answer["data"]["fileUploadCreate"].clone();
    let token = upload_answer["uploadUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let parts = futures_util::stream::iter([Ok(b"sku,name\nlate,Late\n".as_slice().into())]);
    world.node.files.receive(&token, None, Default::default(), parts).await.unwrap_or_else(|error| panic!("{error:?}"));
    let input = json!({ "input": { "idempotencyKey": "late", "fileId": upload_answer["file"]["id"], "entity": "PRODUCTS" } });
    let create =
        "mutation($input: ImportCreateInput!) { importCreate(input: $input) { dataJob { id } userErrors { code message } } }";
    let answer = world.execute(&world.ours, Some(caller), create, &input).await;
    let id = answer["data"]["importCreate"]["dataJob"]["id"].as_str().unwrap().to_owned();
    let viewer = entrepot::access::BUILT_IN.iter().find(|role| role.key == "viewer").unwrap();
    let payload =
        world.set_grants(&world.ours.owner, person, json!([{ "roleId": viewer.id.to_string(), "scope": { "all": true } }])).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    let works = Works::begin(world);
    let exchange = wait_for_end(world, &id).await;
    assert_eq!((exchange["state"].as_str(), counts(&exchange)[0]), (Some("FAILED"), 0), "{exchange:#}");
    assert!(exchange["error"].as_str().unwrap().contains("exchange.run"), "{exchange:#}");
    assert!(product(world, "late").await.is_null());
    works.kill().await;
}

async fn a_key_asks_once(world: &World) {
    let file = world.sent(&world.ours, "rows.csv", b"sku,name\nonce,Once\n".to_vec()).await;
    let create = "mutation($input: ImportCreateInput!) { importCreate(input: $input) { dataJob { id } replayed seq userErrors { code field } } }";
    let input = json!({ "idempotencyKey": "once", "fileId": file, "entity": "PRODUCTS" });
    let first = world.must_mutate(&world.ours, create, json!({ "input": input })).await;
    let again = world.must_mutate(&world.ours, create, json!({ "input": input })).await;
    assert_eq!((&again["dataJob"], &again["replayed"], &again["seq"]), (&first["dataJob"], &json!(true), &json!(null)));
    let other = json!({ "idempotencyKey": "once", "fileId": file, "entity": "SUPPLIERS" });
    let refused = execute(world, create, json!({ "input": other })).await["importCreate"].clone();
    assert_eq!(refused["userErrors"], json!([{ "code": "IDEMPOTENCY_KEY_REUSED", "field": ["input", "idempotencyKey"] }]));
    // At once they are one too.
    let input = json!({ "input": { "idempotencyKey": "race", "fileId": file, "entity": "PRODUCTS" } });
    let racing = (0..8).map(|_| world.must_mutate(&world.ours, create, input.clone()));
    let ids: std::collections::BTreeSet<String> =
        futures_util::future::join_all(racing).await.iter().map(|made| made["dataJob"]["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    let denied = world
        .execute(
            &world.ours,
            Some(world.ours.owner_with(&["exchange.run"])),
            create,
            &json!({ "input": { "idempotencyKey": "x", "fileId": file, "entity": "PRODUCTS" } }),
        )
        .await;
    assert_eq!(
        (&denied["errors"][0]["code"], &denied["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("product.write"))
    );
}

async fn nobody_imports_a_file_of_others(world: &World) {
    let theirs = world.sent(&world.theirs, "rows.csv", b"sku,name\nx,X\n".to_vec()).await;
    let create =
        "mutation($input: ImportCreateInput!) { importCreate(input: $input) { dataJob { id } userErrors { code field } } }";
    let refused =
        execute(world, create, json!({ "input": { "idempotencyKey": "t", "fileId": theirs, "entity": "PRODUCTS" } })).await;
    assert_eq!(refused["importCreate"]["userErrors"], json!([{ "code": "NOT_FOUND", "field": ["input", "fileId"] }]));
    let _ = import(world, "PRODUCTS", "sku,name\nown,Own\n", json!({})).await;
}
