//! Two people change one transfer while the van is loaded.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::{World, accepted};

fn code(payload: &Value) -> Value {
    payload["userErrors"][0]["code"].clone()
}

/// Returns the input that changes a transfer to these quantities of mugs and tea.
fn change(world: &World, transfer: &Value, mugs: i64, tea: i64) -> Value {
    let mut input = world.step(transfer);
    input["lines"] = json!([{"product": {"id": world.mug}, "quantity": mugs}, {"product": {"id": world.tea}, "quantity": tea}]);
    input
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_editors_who_saw_one_version_one_is_heard() {
    World::on_both(async |world| {
        let draft = world.draft(&[(world.mug, 1)]).await;
        let ready = world.complete_step("transferMarkReady", &draft).await;
        let calls = (0..6).map(|n| {
            let mut input = change(&world, &ready, 10 + n, 100 + n);
            input["expectedVersion"] = ready["version"].clone();
            world.mutate("transferUpdate", input)
        });
        let answers = join_all(calls).await;
        let heard: Vec<&Value> = answers.iter().filter(|answer| answer["userErrors"] == json!([])).collect();
        assert_eq!(heard.len(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| [Value::Null, json!("VERSION_CONFLICT")].contains(&code(answer))), "{answers:?}");
        let line_quantities = [0, 1].map(|line| heard[0]["transfer"]["lines"][line]["quantity"].as_i64().unwrap());
        let held_totals =
            [world.level_in_transit(world.mug, world.store).await[1], world.level_in_transit(world.tea, world.store).await[1]];
        assert_eq!(held_totals, line_quantities);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_while_it_is_shipped_leaves_as_changed_or_not_at_all() {
    World::on_both(async |world| {
        for round in 0..6 {
            let draft = world.draft(&[(world.mug, 4)]).await;
            let ready = world.complete_step("transferMarkReady", &draft).await;
            let update = |mugs, tea| world.mutate("transferUpdate", change(&world, &ready, mugs, tea));
            let ship = world.mutate("transferShip", world.step(&ready));
            let (one, sent, other) = futures_util::join!(update(3, 20), ship, update(5, 10));
            let sent = accepted(&sent, "transfer").clone();
            for answer in [&one, &other] {
                assert!([Value::Null, json!("INVALID_STATE")].contains(&code(answer)), "{answer}");
            }
            let lines = sent["lines"].as_array().unwrap();
            assert!(lines.iter().all(|line| line["shipped"] == line["quantity"]), "round {round}: {sent}");
            for product in [world.mug, world.tea] {
                assert_eq!(world.level_in_transit(product, world.store).await[1], 0, "nothing is held on, round {round}");
            }
            let done_before = [&one, &other].into_iter().filter(|answer| code(answer).is_null()).count();
            assert_eq!(lines.len(), if done_before == 0 { 1 } else { 2 }, "{sent}");
        }
    })
    .await;
}
