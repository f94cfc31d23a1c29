//! Orders that are sent to the supplier by e-mail.

use std::fs;

use entrepot::{
    jobs::{Failure, core::Job, core::State},
    purchasing::{jobs::Mail, shell::KIND},
};
use serde_json::{Value, json};

use super::{
    amendments::amend,
    office::{Office, accepted, refused},
};
use crate::{authorization::world::World, world::on_both};

on_both!(an_approved_order_is_mailed_once, what_is_not_approved_or_has_no_address_is_not_mailed,);

async fn jobs(office: &Office<'_>) -> Vec<Value> {
    let answer = office.execute("{ jobs(first: 100) { nodes { kind state } } }", json!({})).await;
    answer["data"]["jobs"]["nodes"].as_array().unwrap().iter().filter(|job| job["kind"] == KIND).cloned().collect()
}

async fn an_approved_order_is_mailed_once(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let order = office.ordered(json!({ "lines": [{ "product": mug, "quantity": 10 }], "note": "mind <the> step" })).await;
    let input = json!({ "idempotencyKey": "letter", "id": order["id"] });
    let first = office.buy("purchaseOrderSend", input.clone()).await;
    assert_eq!((&accepted(&first, "purchaseOrder")["status"], &first["replayed"]), (&json!("ORDERED"), &json!(false)));
    assert_eq!(office.buy("purchaseOrderSend", input).await["replayed"], json!(true));
    assert_eq!(jobs(&office).await, [json!({ "kind": KIND, "state": "WAITING" })]);
    let stands = async || {
        let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { version revision revisionStatus sentRevision confirmedRevision } }";
        office.execute(query, json!({ "id": order["id"] })).await["data"]["purchaseOrder"].clone()
    };
    let state = |revision: i64, status: &str, sent: Value, confirmed: Value| json!({ "revision": revision, "revisionStatus": status, "sentRevision": sent, "confirmedRevision": confirmed });
    let without_version = |mut order: Value| {
        order.as_object_mut().unwrap().remove("version");
        order
    };
    let waits = stands().await;
    assert_eq!(without_version(waits.clone()), state(1, "NOT_SENT", Value::Null, Value::Null));
    let folder = world.home.folder.join("letters");
    let mailer = format!("file:{}", folder.display()).parse().unwrap();
    let mail = Mail {
        db: world.node.db.clone(),
        clock: world.node.clock.clone(),
        mailer,
        from: "Alpha <stock@alpha.example>".to_owned(),
    };
    mail.send(&job(&office, &order, "orders@potters.example")).await.unwrap();
    let letters: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert_eq!(letters.len(), 1);
    // Quoted-printable folds long lines.
    let letter = letters[0].replace("=\r\n", "");
    assert!(
        letter.contains("To: orders@potters.example") && letter.contains("Subject: Purchase order PO-000002 of alpha company"),
        "{letter}"
    );
    assert!(letter.contains("mind &lt;the&gt; step") && !letter.contains("<the>"), "{letter}");
    let sent = stands().await;
    assert_eq!(sent["version"], waits["version"], "a letter changes no document");
    assert_eq!(without_version(sent), state(1, "SENT", json!(1), Value::Null));
    let fewer = json!({ "setLines": [{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": 8 }] });
    accepted(&amend(&office, &order, fewer).await, "purchaseOrder");
    assert_eq!(without_version(stands().await), state(2, "NOT_SENT", json!(1), Value::Null), "a revision is sent anew");
    accepted(&office.buy("purchaseOrderConfirm", json!({ "id": order["id"] })).await, "purchaseOrder");
    assert_eq!(without_version(stands().await), state(2, "CONFIRMED", json!(1), json!(2)));
    let answer = office.execute("{ events(types: [\"purchase_order.sent\"], first: 5) { nodes { type } } }", json!({})).await;
    assert_eq!(answer["data"]["events"]["nodes"], json!([{ "type": "purchase_order.sent" }]));
    // An order that is cancelled before its e-mail is sent does not reach the supplier.
    office.step(&order, "purchaseOrderCancel").await;
    mail.send(&job(&office, &order, "orders@potters.example")).await.unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    // Without a mailer the job fails with that reason, and is not retried.
    let nowhere = Mail { mailer: entrepot::identity::Mailer::None, ..mail };
    assert!(matches!(nowhere.send(&job(&office, &order, "orders@potters.example")).await, Err(Failure::Hopeless(_))));
}

fn job(office: &Office<'_>, order: &Value, to: &str) -> Job {
    let now = office.world.node.clock.now();
    Job {
        tenant: office.caller.tenant,
        id: office.world.node.clock.id(),
        kind: KIND.to_owned(),
        period: None,
        payload: json!({ "order": order["id"], "to": to }).to_string(),
        state: State::Running,
        due_at: now,
        owner: None,
        token: 1,
        beat: 0,
        failures: 0,
        deaths: 0,
        started_at: Some(now),
        finished_at: None,
        error: None,
        fault: None,
        created_at: now,
    }
}

async fn what_is_not_approved_or_has_no_address_is_not_mailed(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = office.draft(json!([{ "product": mug, "quantity": 10 }])).await;
    let message = refused(&office.buy("purchaseOrderSend", json!({ "id": draft["id"] })).await, "INVALID_STATE", "input.id");
    assert!(message.contains("DRAFT"), "{message}");
    let silent = office
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "MUTE", "name": "Mute" }))
        .await;
    let silent = json!({ "id": accepted(&silent, "supplier")["id"] });
    let order = office.ordered(json!({ "supplier": silent, "lines": [{ "product": mug, "quantity": 10 }] })).await;
    refused(&office.buy("purchaseOrderSend", json!({ "id": order["id"] })).await, "INVALID_STATE", "input.id");
    refused(&office.buy("purchaseOrderSend", json!({ "id": world.theirs.ids["por"] })).await, "NOT_FOUND", "input.id");
    assert_eq!(jobs(&office).await, Vec::<Value>::new());
}
