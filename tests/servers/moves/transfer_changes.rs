//! Changes of a transfer: as a draft, while its stock is held, and after it was shipped.

use entity::prelude::*;
use entrepot::{
    clock,
    stock::{core::LevelKey, shell::explain_level},
};
use serde_json::{Value, json};

use super::world::{World, accepted, of_store, refused};
use crate::world::answers::refusals;

fn change_line(product: ProductId, quantity: i64) -> Value {
    json!({"product": {"id": product}, "quantity": quantity})
}

/// Changes lines of a transfer.
async fn lines(world: &World, transfer: &Value, lines: &[Value]) -> Value {
    let mut input = world.step(transfer);
    input["lines"] = json!(lines);
    world.mutate("transferUpdate", input).await
}

async fn reserved(world: &World) -> [i64; 3] {
    let mut reserved = [0; 3];
    for (figure, product) in reserved.iter_mut().zip([world.mug, world.tea, world.lamp]) {
        *figure = world.level_in_transit(product, world.store).await[1];
    }
    reserved
}

const HOLDS: &str = "SELECT count(*) FROM reservation WHERE tenant_id = $1 AND status = 'ACTIVE'";

#[tokio::test]
async fn a_transfer_that_is_ready_holds_what_its_changed_lines_say() {
    World::on_both(async |world| {
        let (mug, tea, lamp) = (world.mug, world.tea, world.lamp);
        let draft = world.draft(&[(mug, 10), (tea, 500)]).await;
        let ready = world.complete_step("transferMarkReady", &draft).await;
        // Fewer mugs, more tea, and new lines for lamps.
        let payload = lines(&world, &ready, &[change_line(mug, 4), change_line(tea, 700), change_line(lamp, 2)]).await;
        let changed = accepted(&payload, "transfer");
        let quantities: Vec<_> = changed["lines"].as_array().unwrap().iter().map(|line| line["quantity"].clone()).collect();
        assert_eq!(
            (&changed["status"], &changed["version"], quantities),
            (&json!("READY"), &json!(3), vec![json!(4), json!(700), json!(2)])
        );
        assert_eq!(changed["lines"][0]["id"], draft["lines"][0]["id"]);
        assert_eq!(reserved(&world).await, [4, 700, 2]);
        assert_eq!(world.query_number(HOLDS).await, 3, "one hold for each line");
        let sql = "SELECT count(*) FROM movement WHERE tenant_id = $1 AND reference_kind = 'TRANSFER' AND kind = ";
        assert_eq!(world.query_number(&format!("{sql}'RELEASE'")).await, 1);
        assert_eq!(world.query_number(&format!("{sql}'RESERVE'")).await, 2, "what was held first, and what was added");
        // No tea, and the mugs after all.
        accepted(&lines(&world, &ready, &[change_line(tea, 0), change_line(mug, 10)]).await, "transfer");
        assert_eq!(reserved(&world).await, [10, 0, 2]);
        let sent = world.complete_step("transferShip", &ready).await;
        let shipped: Vec<_> =
            sent["lines"].as_array().unwrap().iter().map(|line| (line["sku"].clone(), line["shipped"].clone())).collect();
        assert_eq!(shipped, [(json!("MUG"), json!(10)), (json!("LAMP"), json!(2))]);
        assert_eq!(reserved(&world).await, [0, 0, 0]);
        assert_eq!(world.level_in_transit(lamp, world.depot).await[2], 2);
        assert_eq!(world.query_number(HOLDS).await, 0);
        let events: Vec<String> = world.events_of("").await.into_iter().filter(|kind| kind.starts_with("transfer.")).collect();
        assert_eq!(events, ["created", "ready", "updated", "updated", "shipped"].map(|kind| format!("transfer.{kind}")));
    })
    .await;
}

#[tokio::test]
async fn a_change_that_cannot_be_held_changes_nothing_and_tells_every_line() {
    World::on_both(async |world| {
        let (mug, tea, lamp) = (world.mug, world.tea, world.lamp);
        let draft = world.draft(&[(mug, 10), (tea, 500)]).await;
        let ready = world.complete_step("transferMarkReady", &draft).await;
        let payload = lines(&world, &ready, &[change_line(mug, 101), change_line(tea, 1), change_line(lamp, 5)]).await;
        let short = |place: usize| ("INSUFFICIENT_STOCK".to_owned(), format!("input.lines.{place}.quantity"));
        assert_eq!(refusals(&payload), [short(0), short(2)]);
        assert_eq!((&payload["transfer"], reserved(&world).await), (&Value::Null, [10, 500, 0]), "the tea is held as before");
        // The whole stock may be held, including the units that the transfer holds already.
        accepted(&lines(&world, &ready, &[change_line(mug, 100)]).await, "transfer");
        assert_eq!(reserved(&world).await, [100, 500, 0]);
        refused(&lines(&world, &ready, &[change_line(mug, 0), change_line(tea, 0)]).await, "INVALID", "input.lines");
        refused(&lines(&world, &ready, &[change_line(mug, -1)]).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        refused(&lines(&world, &ready, &[change_line(mug, 1), change_line(mug, 2)]).await, "INVALID", "input.lines.1.product");
        refused(&lines(&world, &ready, &[change_line(lamp, 0)]).await, "NOT_FOUND", "input.lines.0.product.id");
        refused(&lines(&world, &ready, &[change_line(world.foreign.mug, 1)]).await, "NOT_FOUND", "input.lines.0.product.id");
        refused(&lines(&world, &ready, &[change_line(world.wrap, 1)]).await, "INVALID", "input.lines.0.product");
        let mut stale = world.step(&ready);
        (stale["expectedVersion"], stale["lines"]) = (json!(1), json!([change_line(mug, 1)]));
        refused(&world.mutate("transferUpdate", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
        assert_eq!(reserved(&world).await, [100, 500, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_short_of_its_hold_lets_go_what_it_has_too_much_of() {
    World::on_both(async |world| {
        let mug = world.mug;
        let draft = world.draft(&[(mug, 80)]).await;
        world.complete_step("transferMarkReady", &draft).await;
        // Breakage takes ten of those that were to go.
        let broken = json!({"idempotencyKey": world.key(), "kind": "REMOVAL", "reasonCode": "DAMAGE", "onShortage": "SHORTEN",
            "changes": [of_change(&world, -30)]});
        accepted(&world.mutate("stockAdjust", broken).await, "transfer");
        assert_eq!(reserved(&world).await[0], 70);
        accepted(&lines(&world, &draft, &[change_line(mug, 75)]).await, "transfer");
        assert_eq!(reserved(&world).await[0], 70, "it holds less than is asked for already");
        accepted(&lines(&world, &draft, &[change_line(mug, 60)]).await, "transfer");
        assert_eq!(reserved(&world).await[0], 60);
        let sent = world.complete_step("transferShip", &draft).await;
        assert_eq!((&sent["lines"][0]["shipped"], world.level_in_transit(mug, world.store).await), (&json!(60), [10, 0, 0]));
    })
    .await;
}

fn of_change(world: &World, delta: i64) -> Value {
    json!({"product": {"id": world.mug}, "store": {"id": world.store}, "delta": delta})
}

#[tokio::test]
async fn words_change_while_it_is_ready_and_its_day_and_note_when_it_has_left() {
    World::on_both(async |world| {
        let mug = world.mug;
        let other = json!({"idempotencyKey": world.key(), "fromStore": {"id": world.store}, "toStore": {"code": "DEPOT"},
            "externalRef": "T-1", "lines": [change_line(mug, 1)]});
        accepted(&world.mutate("transferCreate", other).await, "transfer");
        let draft = world.draft(&[(mug, 10)]).await;
        assert_eq!(draft["metadata"], json!({}));
        let with = async |metadata: Value| {
            let input = json!({"idempotencyKey": world.key(), "fromStore": {"id": world.store}, "toStore": {"code": "DEPOT"},
                "metadata": metadata, "lines": [change_line(mug, 1)]});
            world.mutate("transferCreate", input).await
        };
        let payload = with(json!({"route": {"van": 7}})).await;
        assert_eq!(accepted(&payload, "transfer")["metadata"], json!({"route": {"van": 7}}));
        refused(&with(json!("7")).await, "INVALID", "input.metadata");
        refused(&with(json!({"van": "v".repeat(20_000)})).await, "OUT_OF_RANGE", "input.metadata");
        let ready = world.complete_step("transferMarkReady", &draft).await;
        let say = async |words: Value| {
            let mut input = world.step(&ready);
            words.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
            world.mutate("transferUpdate", input).await
        };
        let words = json!({"externalRef": "T-2", "note": "by the yellow van", "metadata": {"van": 7}, "expectedAt": "2026-12-01T12:00:00Z"});
        let payload = say(words.clone()).await;
        let changed = accepted(&payload, "transfer");
        for name in ["externalRef", "note", "metadata"] {
            assert_eq!(changed[name], words[name], "{name}");
        }
        assert_eq!(world.level_in_transit(mug, world.store).await, [100, 10, 0], "what is held stays");
        refused(&say(json!({"externalRef": "T-1"})).await, "DUPLICATE", "input.externalRef");
        refused(&say(json!({"metadata": [7]})).await, "INVALID", "input.metadata");
        refused(&say(json!({"metadata": {"van": "v".repeat(20_000)}})).await, "OUT_OF_RANGE", "input.metadata");
        world.complete_step("transferShip", &ready).await;
        for partly in [false, true] {
            if partly {
                let mut part = world.step(&ready);
                part["lines"] = json!([{"lineId": ready["lines"][0]["id"], "quantity": 4}]);
                accepted(&world.mutate("transferReceive", part).await, "transfer");
            }
            let payload = say(json!({"externalRef": "T-3", "metadata": {}, "lines": [change_line(mug, 11)]})).await;
            let state = |name: &str| ("INVALID_STATE".to_owned(), format!("input.{name}"));
            assert_eq!(refusals(&payload), ["externalRef", "metadata", "lines"].map(state));
            let day = if partly { "2026-12-08" } else { "2026-12-05" };
            let payload = say(json!({"note": "the road is closed", "expectedAt": format!("{day}T12:00:00Z"), "externalRef": "T-2"})).await;
            assert_eq!(accepted(&payload, "transfer")["note"], "the road is closed");
            let key = LevelKey { product: mug, store: world.depot };
            let reason = explain_level(&world.db.tenant(world.tenant), world.ledger.clock(), key).await.unwrap().unwrap();
            let coming: Vec<_> = reason.level_snapshot.in_transit.iter().map(|one| (one.quantity, one.on)).collect();
            assert_eq!(coming, [(if partly { 6 } else { 10 }, clock::parse_day(day))]);
        }
        world.complete_step("transferReceive", &ready).await;
        refused(&say(json!({"note": "too late"})).await, "INVALID_STATE", "input.id");
    })
    .await;
}

#[tokio::test]
async fn what_the_sender_holds_is_changed_by_whoever_may_ship_there() {
    World::on_both(async |world| {
        let (here, there, elsewhere) = (of_store(world.store), of_store(world.depot), of_store(world.ledger.clock().id()));
        let draft = world.draft(&[(world.mug, 10)]).await;
        let input = |extra: Value| {
            let mut input = world.step(&draft);
            extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
            input
        };
        let fewer = || input(json!({"lines": [change_line(world.mug, 5)]}));
        accepted(
            &world.mutate_as(there.clone(), "transferUpdate", input(json!({"lines": [change_line(world.mug, 8)]}))).await,
            "transfer",
        );
        let change_input = fewer();
        accepted(&world.mutate_as(there.clone(), "transferUpdate", change_input.clone()).await, "transfer");
        world.complete_step("transferMarkReady", &draft).await;
        refused(&world.mutate_as(there.clone(), "transferUpdate", fewer()).await, "INVALID_STATE", "input.lines");
        let again = world.mutate_as(there.clone(), "transferUpdate", change_input).await;
        assert_eq!((&again["replayed"], &again["userErrors"]), (&json!(true), &json!([])), "what was done is answered as it was");
        let day = json!({"expectedAt": "2026-12-02T08:00:00Z"});
        accepted(&world.mutate_as(there, "transferUpdate", input(day)).await, "transfer");
        accepted(
            &world.mutate_as(here, "transferUpdate", input(json!({"lines": [change_line(world.mug, 6)]}))).await,
            "transfer",
        );
        assert_eq!(world.level_in_transit(world.mug, world.store).await, [100, 6, 0]);
        refused(&world.mutate_as(elsewhere, "transferUpdate", fewer()).await, "NOT_FOUND", "input.id");
    })
    .await;
}

#[tokio::test]
async fn a_change_is_made_once_and_a_dry_run_makes_none() {
    World::on_both(async |world| {
        let draft = world.draft(&[(world.mug, 10)]).await;
        world.complete_step("transferMarkReady", &draft).await;
        let head = world.events_of("").await.len();
        let dry = "mutation($input: TransferUpdateInput!) { transferUpdate(input: $input, validateOnly: true) { \
            transfer { version lines { quantity } } userErrors { code } seq } }";
        let mut input = world.step(&draft);
        input["lines"] = json!([change_line(world.mug, 30)]);
        let answer = world.execute(dry, json!({ "input": input })).await;
        let foreseen = json!({"version": 3, "lines": [{"quantity": 30}]});
        assert_eq!(answer["transferUpdate"], json!({"transfer": foreseen, "userErrors": [], "seq": null}));
        assert_eq!((world.events_of("").await.len(), reserved(&world).await[0]), (head, 10));
        let both =
            futures_util::join!(world.mutate("transferUpdate", input.clone()), world.mutate("transferUpdate", input.clone()));
        assert_ne!(both.0["replayed"], both.1["replayed"]);
        assert_eq!((&both.0["transfer"]["version"], reserved(&world).await[0]), (&json!(3), 30));
        let mut other = input;
        other["lines"] = json!([change_line(world.mug, 31)]);
        refused(&world.mutate("transferUpdate", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    })
    .await;
}
