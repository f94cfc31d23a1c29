//! Two people at one return.

use serde_json::{Value, json};

use super::world::{World, back};

/// Returns how many of these succeeded, and the codes of the others.
fn outcome(answers: &[Value]) -> (usize, Vec<&str>) {
    let refused: Vec<&str> = answers.iter().filter_map(|answer| answer["userErrors"][0]["code"].as_str()).collect();
    (answers.len() - refused.len(), refused)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn goods_are_received_once() {
    World::on_both(async |world| {
        let line = world.sold(6).await;
        let ret = world.approved(json!([back(&line, 6)])).await;
        let receive = |quantity: i64| {
            let lines = json!([{"lineId": ret["lines"][0]["id"], "quantity": quantity}]);
            world.mutate("returnReceive", world.step(&ret, json!({ "lines": lines })))
        };
        // Both have counted four of six: one of them has counted goods twice.
        let answers = futures_util::future::join_all([receive(4), receive(4)]).await;
        assert_eq!(outcome(&answers), (1, vec!["OUT_OF_RANGE"]), "{answers:?}");
        assert_eq!(world.level_here(world.mug).await, [98, 0, 4]);
        let all = || world.mutate("returnReceive", world.step(&ret, json!({})));
        let answers = futures_util::future::join_all([all(), all(), all()]).await;
        assert_eq!(outcome(&answers), (1, vec!["INVALID_STATE"; 2]), "{answers:?}");
        let same = world.step(&ret, json!({}));
        let inspect = || world.mutate("returnInspect", same.clone());
        let answers = futures_util::future::join_all([inspect(), inspect()]).await;
        assert!(answers.iter().all(|answer| answer["return"]["status"] == "INSPECTED"), "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer["replayed"] == true).count(), 1);
        assert_eq!(world.level_here(world.mug).await, [100, 0, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_unit_is_asked_back_once() {
    World::on_both(async |world| {
        let line = world.sold(3).await;
        let ask = || world.mutate("returnCreate", world.asking(json!([back(&line, 2)])));
        let answers = futures_util::future::join_all((0..6).map(|_| ask())).await;
        assert_eq!(outcome(&answers), (1, vec!["OUT_OF_RANGE"; 5]), "{answers:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_return_is_approved_or_rejected_and_not_both() {
    World::on_both(async |world| {
        for _ in 0..5 {
            let line = world.sold(1).await;
            let ret = world.requested(json!([back(&line, 1)])).await;
            let (approved, rejected) = futures_util::join!(
                world.mutate("returnApprove", world.step(&ret, json!({}))),
                world.mutate("returnReject", world.step(&ret, json!({"reason": "no"}))),
            );
            // An approved one may still be rejected; a rejected one is not approved.
            let codes = [&approved, &rejected].map(|answer| answer["userErrors"][0]["code"].clone());
            assert!(codes == [Value::Null, Value::Null] || codes == [json!("INVALID_STATE"), Value::Null], "{codes:?}");
        }
    })
    .await;
}
