//! A return for an order changes two documents: the stored receipt of the call, and the order of
//! both documents' events.

use serde_json::json;

use super::world::{World, accepted, back};

#[tokio::test]
async fn a_call_that_changes_a_return_and_its_order_keeps_the_return() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let before = world.events_of("").await.len();
        let asking = world.asking(json!([back(&line, 2)]));
        let first = world.mutate("returnCreate", asking.clone()).await;
        let events = world.events_of("").await.split_off(before);
        assert_eq!(events, ["return.created", "order.updated"], "the return comes before the order that it changed");
        let again = world.mutate("returnCreate", asking).await;
        assert_eq!((&again["replayed"], &accepted(&again, "return")["id"]), (&json!(true), &accepted(&first, "return")["id"]));
        let sql = "SELECT count(*) FROM idempotency WHERE tenant_id = $1 AND mutation = 'returnCreate'
            AND receipt LIKE '%\"ret\":%' AND receipt NOT LIKE '%\"order\":%'";
        assert_eq!(world.query_number(sql).await, 1, "a receipt names one document");
    })
    .await;
}
