//! Works of several orders that are picked, packed and shipped together.

use serde_json::{Value, json};

use super::world::{World, accepted, line, lines, of_depot, refused, states};

impl World {
    /// Orders of so many mugs each, whose works the depot has accepted.
    async fn accepted(&self, quantities: &[i64]) -> (Vec<Value>, Vec<Value>) {
        let (mut orders, mut works) = (Vec::new(), Vec::new());
        for quantity in quantities {
            let order = self.at_depot(*quantity).await;
            works.push(self.work(&order).await);
            orders.push(order);
        }
        let ids: Vec<&Value> = works.iter().map(|work| &work["id"]).collect();
        let payload = self.staff("fulfilmentWorkAccept", json!({"idempotencyKey": self.key(), "ids": ids})).await;
        accepted(&payload, "works");
        (orders, works)
    }

    /// Runs a mutation as staff of the depot, who have no permissions elsewhere.
    async fn staff(&self, mutation: &str, input: Value) -> Value {
        self.mutate_as(of_depot(&[self.depot]), mutation, input).await
    }
}

/// State of each work after a step, or the code of its refusal.
fn results(payload: &Value) -> Vec<&str> {
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    let all = payload["results"].as_array().unwrap();
    all.iter().map(|one| one["work"]["status"].as_str().or(one["userErrors"][0]["code"].as_str()).unwrap()).collect()
}

#[tokio::test]
async fn a_wave_of_three_orders_is_picked_once_and_what_is_short_of_one_keeps_no_other_back() {
    World::on_both(async |world| {
        let (orders, works) = world.accepted(&[10, 20, 5]).await;
        let payload = world.staff("fulfilmentWaveCreate", json!({"idempotencyKey": world.key(), "store": {"code": "DEPOT"}})).await;
        let wave = accepted(&payload, "wave").clone();
        assert_eq!((&wave["isOpen"], &wave["works"]), (&json!(true), &json!([{"number": "1-1"}, {"number": "2-1"}, {"number": "3-1"}])));
        let share = |nth: usize, units: i64| json!({"workId": works[nth]["id"], "lineId": works[nth]["lines"][0]["id"], "quantity": units});
        let shares = [share(0, 10), share(1, 20), share(2, 5)];
        let all = json!({"sku": "MUG", "name": "A MUG", "binLocation": null, "quantity": 35, "product": null, "shares": shares});
        assert_eq!(wave["pickingList"], json!([all]));

        let found = json!([{"workId": works[1]["id"], "lines": lines(&works[1], &[12]), "isShort": true}]);
        let pick = world.of(&wave, json!({"found": found}));
        let dry = "mutation($input: FulfilmentWavePickInput!) { result: fulfilmentWavePick(input: $input, validateOnly: true) {
            results { work { status } userErrors { code } } userErrors { code } seq } }";
        let foreseen = world.execute_as(of_depot(&[world.depot]), dry, json!({"input": pick})).await;
        assert_eq!((results(&foreseen["result"]), &foreseen["result"]["seq"]), (vec!["PICKED"; 3], &json!(null)));
        assert_eq!(world.work(&orders[0]).await["status"], "ACCEPTED", "a dry run picks nothing");
        let picked = world.staff("fulfilmentWavePick", pick.clone()).await;
        assert_eq!((results(&picked), &picked["wave"]["pickingList"]), (vec!["PICKED"; 3], &json!([])));
        assert_eq!(line(&picked["results"][1]["work"]), [0, 12, 0, 0, 8]);
        assert_eq!(states(&world.works(&orders[1]).await), [("DEPOT", "PICKED"), ("LDN", "OPEN")], "what is short is looked for elsewhere");
        let again = world.staff("fulfilmentWavePick", pick).await;
        assert_eq!((results(&again), &again["replayed"]), (vec!["PICKED"; 3], &json!(true)));

        let hold = world.mutate("orderHoldSet", world.of(&orders[2], json!({"kind": "FRAUD", "reason": "checked by hand"}))).await;
        let hold = accepted(&hold, "hold").clone();
        let pack = world.of(&wave, json!({}));
        let packed = world.staff("fulfilmentWavePack", pack.clone()).await;
        assert_eq!(results(&packed), ["PACKED", "PACKED", "ON_HOLD"], "one work is refused and no other");
        let list = async |filter: Value| {
            let list = "query($filter: FulfilmentWorkFilter) { fulfilmentWorks(filter: $filter) {
                nodes { number isHeld deliveryMethod wave { id isOpen } } } }";
            let answer = world.execute_as(of_depot(&[world.depot]), list, json!({ "filter": filter })).await;
            let mut works = answer["fulfilmentWorks"]["nodes"].as_array().unwrap().clone();
            works.sort_by_key(|work| work["number"].to_string());
            json!(works)
        };
        let in_wave = |number: &str, is_held: bool| {
            json!({"number": number, "isHeld": is_held, "deliveryMethod": "SHIP", "wave": {"id": wave["id"], "isOpen": true}})
        };
        assert_eq!(list(json!({"isHeld": true})).await, json!([in_wave("3-1", true)]));
        assert_eq!(
            list(json!({"isHeld": false, "deliveryMethod": "SHIP"})).await,
            json!([in_wave("1-1", false), in_wave("2-1", false)])
        );
        assert_eq!(list(json!({"deliveryMethod": "COLLECT"})).await, json!([]));
        assert_eq!(packed["results"][0]["work"]["parcels"].as_array().map(Vec::len), Some(1));
        accepted(&world.mutate("orderHoldLift", world.of(&hold, json!({}))).await, "hold");
        let rest = world.staff("fulfilmentWavePack", pack.clone()).await;
        assert_eq!((results(&rest), &rest["replayed"]), (vec!["PACKED"; 3], &json!(false)), "what was refused is tried again");
        assert_eq!(world.staff("fulfilmentWavePack", pack).await["replayed"], json!(true));

        let ship = world.of(&wave, json!({}));
        let shipped = world.staff("fulfilmentWaveShip", ship.clone()).await;
        assert_eq!((results(&shipped), &shipped["wave"]["isOpen"]), (vec!["SHIPPED"; 3], &json!(false)), "nothing is left to send");
        let again = world.staff("fulfilmentWaveShip", ship).await;
        assert_eq!((results(&again), &again["replayed"], world.movements("SALE").await), (vec!["SHIPPED"; 3], &json!(true), 3));
        assert_eq!(world.mugs().await, [[100, 8], [23, 0]]);
        refused(&world.staff("fulfilmentWaveShip", world.of(&wave, json!({}))).await, "INVALID_STATE", "input.id");
        let waves: Vec<Value> = list(json!({})).await.as_array().unwrap().iter().map(|work| work["wave"].clone()).collect();
        assert_eq!(waves, [json!(null), json!(null), json!(null)], "a closed wave has let them go");
        assert_eq!(world.events_of("fulfilment_wave.").await, ["fulfilment_wave.created", "fulfilment_wave.closed"]);
        assert!(!format!("{payload}{picked}{packed}{shipped}").contains("GBP"), "a wave has no prices");
    })
    .await;
}

#[tokio::test]
async fn a_work_is_in_one_open_wave_and_in_none_of_another_store() {
    World::on_both(async |world| {
        let (orders, works) = world.accepted(&[4, 6]).await;
        let wanted = |store: &str, works: Value| json!({"idempotencyKey": world.key(), "store": {"code": store}, "works": works});
        let both = json!([works[0]["id"], works[1]["id"]]);
        refused(
            &world.mutate("fulfilmentWaveCreate", wanted("LDN", json!([works[0]["id"]]))).await,
            "NOT_FOUND",
            "input.works.0",
        );
        refused(
            &world.staff("fulfilmentWaveCreate", wanted("LDN", json!([works[0]["id"]]))).await,
            "NOT_FOUND",
            "input.store.code",
        );
        // Two processes want the same work.
        let served = [world.served_elsewhere().await, world.served_elsewhere().await];
        let first = world.mutate_elsewhere(&served[0], "fulfilmentWaveCreate", wanted("DEPOT", both.clone()));
        let other = world.mutate_elsewhere(&served[1], "fulfilmentWaveCreate", wanted("DEPOT", json!([works[1]["id"]])));
        let answers: [Value; 2] = futures_util::future::join(first, other).await.into();
        let (created_waves, lost): (Vec<&Value>, Vec<&Value>) =
            answers.iter().partition(|answer| answer["userErrors"] == json!([]));
        assert_eq!((created_waves.len(), lost.len()), (1, 1), "{answers:#?}");
        assert_eq!(lost[0]["userErrors"][0]["code"], "IN_USE", "{answers:#?}");

        let wave = &created_waves[0]["wave"];
        let closed = world.staff("fulfilmentWaveClose", world.of(wave, json!({}))).await;
        assert_eq!(accepted(&closed, "wave")["isOpen"], json!(false));
        let next = world.staff("fulfilmentWaveCreate", wanted("DEPOT", both)).await;
        assert_eq!(accepted(&next, "wave")["works"].as_array().map(Vec::len), Some(2), "a closed wave lets its works go");
        let list = "{ fulfilmentWaves(filter: { isOpen: true }) { nodes { id } totalCount { count } } }";
        let seen_answer = world.execute_as(of_depot(&[world.depot]), list, json!({})).await;
        assert_eq!(seen_answer["fulfilmentWaves"], json!({"nodes": [{"id": next["wave"]["id"]}], "totalCount": {"count": 1}}));
        let elsewhere = world.execute_as(of_depot(&[world.store]), list, json!({})).await;
        assert_eq!(elsewhere["fulfilmentWaves"]["nodes"], json!([]));
        refused(
            &world.mutate_as(of_depot(&[world.store]), "fulfilmentWaveShip", world.of(&next["wave"], json!({}))).await,
            "NOT_FOUND",
            "input.id",
        );
        // The key of a wave that is closed does nothing more.
        let hold =
            world.mutate("orderHoldSet", world.of(&orders[1], json!({"kind": "FRAUD", "reason": "checked by hand"}))).await;
        let pick = world.of(&next["wave"], json!({}));
        assert_eq!(results(&world.staff("fulfilmentWavePick", pick.clone()).await), ["PICKED", "ON_HOLD"]);
        accepted(&world.mutate("orderHoldLift", world.of(accepted(&hold, "hold"), json!({}))).await, "hold");
        accepted(&world.staff("fulfilmentWaveClose", world.of(&next["wave"], json!({}))).await, "wave");
        let again = world.staff("fulfilmentWavePick", pick).await;
        assert_eq!((results(&again), &again["replayed"]), (vec!["PICKED", "INVALID_STATE"], &json!(true)));
        assert_eq!(world.work(&orders[1]).await["status"], "ACCEPTED");
    })
    .await;
}

/// SKU and bin location of each line.
fn places(lines: &Value) -> Value {
    lines.as_array().unwrap().iter().map(|line| json!([line["sku"], line["binLocation"]])).collect()
}

#[tokio::test]
async fn goods_are_picked_in_the_order_of_their_bins() {
    World::on_both(async |world| {
        let put =
            async |items: Value| world.mutate("reorderPolicySet", json!({"idempotencyKey": world.key(), "items": items})).await;
        let bin = |sku: &str, bin: &str| json!({"product": {"sku": sku}, "store": {"code": "LDN"}, "binLocation": bin});
        let set = put(json!([bin("TEA", " A-2 "), bin("LAMP", "A-10")])).await;
        assert_eq!(accepted(&set, "levels"), &json!([{"binLocation": "A-2"}, {"binLocation": "A-10"}]));
        refused(&put(json!([bin("MUG", &"A".repeat(65))])).await, "INVALID", "input.items.0.binLocation");

        let of = json!([
            {"product": {"id": world.lamp}, "quantity": 2},
            {"product": {"id": world.mug}, "quantity": 3},
            {"product": {"id": world.tea}, "quantity": 500},
        ]);
        let work = world.work(&world.sold(of, json!({})).await).await;
        let accept = json!({"idempotencyKey": world.key(), "ids": [work["id"]]});
        accepted(&world.mutate_as(of_depot(&[world.store]), "fulfilmentWorkAccept", accept).await, "works");
        let input = json!({"idempotencyKey": world.key(), "store": {"code": "LDN"}});
        let payload = world.mutate_as(of_depot(&[world.store]), "fulfilmentWaveCreate", input).await;
        let wave = accepted(&payload, "wave");
        let walk = json!([["TEA", "A-2"], ["LAMP", "A-10"], ["MUG", null]]);
        assert_eq!(places(&wave["pickingList"]), walk, "not by SKU, not as texts; what has no bin is last");
        let seen = "query($wave: ID!) { fulfilmentWorks { nodes { lines { sku binLocation } } }
            fulfilmentWave(id: $wave) { pickingList { sku binLocation } } }";
        let seen = async || world.execute_as(of_depot(&[world.store]), seen, json!({"wave": wave["id"]})).await;
        let work = json!([["LAMP", "A-10"], ["MUG", null], ["TEA", "A-2"]]);
        assert_eq!(places(&seen().await["fulfilmentWorks"]["nodes"][0]["lines"]), work);

        // The shop is put in another order while the wave is open.
        let mut nowhere = bin("TEA", "");
        nowhere["binLocation"] = Value::Null;
        accepted(&put(json!([nowhere, bin("MUG", "A-1")])).await, "levels");
        let walk = json!([["MUG", "A-1"], ["LAMP", "A-10"], ["TEA", null]]);
        assert_eq!(places(&seen().await["fulfilmentWave"]["pickingList"]), walk);
        assert_eq!(world.events_of("stock_policy.").await, ["stock_policy.set", "stock_policy.set"]);
    })
    .await;
}

#[tokio::test]
async fn customers_of_a_wave_hear_that_their_goods_are_ready_where_the_store_says_so() {
    World::on_both(async |world| {
        let mugs = |quantity: i64| json!([{"product": {"id": world.mug}, "quantity": quantity}]);
        let collect = json!({"sourcing": {}, "deliveryMethod": "COLLECT"});
        let orders = [world.sold(mugs(2), collect.clone()).await, world.sold(mugs(3), collect).await, world.at_depot(4).await];
        let mut ids = Vec::new();
        for order in &orders {
            ids.push(world.work(order).await["id"].clone());
        }
        accepted(&world.staff("fulfilmentWorkAccept", json!({"idempotencyKey": world.key(), "ids": ids})).await, "works");
        let payload = world.staff("fulfilmentWaveCreate", json!({"idempotencyKey": world.key(), "store": {"code": "DEPOT"}})).await;
        let wave = accepted(&payload, "wave").clone();
        world.staff("fulfilmentWavePick", world.of(&wave, json!({}))).await;

        // The company writes to its customers in German; the depot does not, until it is set to.
        let set = async |extra: Value| {
            let mut input = json!({"idempotencyKey": world.key()});
            for (name, value) in extra.as_object().unwrap() {
                input[name] = value.clone();
            }
            world.mutate("readyEmailSet", input).await
        };
        let company = set(json!({"isOn": true, "locale": "DE", "text": "Bring your order."})).await;
        assert_eq!((&accepted(&company, "readyEmail")["sends"], &company["readyEmail"]["store"]), (&json!(true), &json!(null)));
        let depot = set(json!({"store": {"code": "DEPOT"}, "isOn": false, "expectedVersion": 0})).await;
        assert_eq!(
            accepted(&depot, "readyEmail"),
            &json!({"isOn": false, "locale": null, "text": null, "sends": false, "sendsIn": "DE", "sendsText": "Bring your order.",
                "version": 1, "store": {"code": "DEPOT"}})
        );
        refused(&set(json!({"store": {"code": "DEPOT"}, "expectedVersion": 7})).await, "VERSION_CONFLICT", "input.expectedVersion");
        refused(&set(json!({"store": {"code": "NOWHERE"}})).await, "NOT_FOUND", "input.store.code");
        refused(&set(json!({"text": "x".repeat(1_001)})).await, "INVALID", "input.text");

        let emails =
            async || world.query_number("SELECT count(*) FROM job WHERE tenant_id = $1 AND kind = 'fulfilment.ready_email'").await;
        let early = world.staff("fulfilmentWaveReady", world.of(&wave, json!({}))).await;
        assert_eq!(results(&early), ["INVALID_STATE"; 2], "nothing is packed, and what is sent is left out");
        world.staff("fulfilmentWavePack", world.of(&wave, json!({}))).await;
        set(json!({"store": {"code": "DEPOT"}, "isOn": true, "text": "Gate 3."})).await;
        let ready = world.of(&wave, json!({}));
        let first = world.staff("fulfilmentWaveReady", ready.clone()).await;
        assert_eq!((results(&first), emails().await), (vec!["READY"; 2], 2));
        let again = world.staff("fulfilmentWaveReady", ready).await;
        assert_eq!((results(&again), &again["replayed"], emails().await), (vec!["READY"; 2], &json!(true), 2));

        let read = "{ readyEmail(store: {code: \"DEPOT\"}) { sends sendsIn sendsText version } tenants: readyEmail { sendsText } }";
        let answer = world.execute(read, json!({})).await;
        assert_eq!(answer["readyEmail"], json!({"sends": true, "sendsIn": "DE", "sendsText": "Gate 3.", "version": 2}));
        assert_eq!(answer["tenants"]["sendsText"], "Bring your order.");
        let shipped = world.staff("fulfilmentWaveShip", world.of(&wave, json!({}))).await;
        assert_eq!((results(&shipped), &shipped["wave"]["isOpen"]), (vec!["SHIPPED"], &json!(true)), "customers come for the others");
    })
    .await;
}

#[tokio::test]
async fn a_wave_is_packed_for_a_carrier_by_its_code() {
    World::on_both(async |world| {
        world.accepted(&[4, 6]).await;
        let post = json!({"idempotencyKey": world.key(), "code": "POST", "name": "Post"});
        accepted(&world.mutate("carrierUpsert", post).await, "carrier");
        let payload =
            world.staff("fulfilmentWaveCreate", json!({"idempotencyKey": world.key(), "store": {"code": "DEPOT"}})).await;
        let wave = accepted(&payload, "wave").clone();
        assert_eq!(results(&world.staff("fulfilmentWavePick", world.of(&wave, json!({}))).await), ["PICKED"; 2]);
        let none = world.staff("fulfilmentWavePack", world.of(&wave, json!({"carrier": {"code": "NONE"}}))).await;
        assert_eq!(results(&none), ["NOT_FOUND"; 2]);
        for result in none["results"].as_array().unwrap() {
            let message = refused(result, "NOT_FOUND", "input.parcels.0.carrier.code");
            assert_eq!(message, "there is no such carrier: \"NONE\"");
        }
        let no_carrier = world.staff("fulfilmentWavePack", world.of(&wave, json!({"carrier": {"id": wave["id"]}}))).await;
        refused(&no_carrier, "INVALID", "input.carrier.id");
        let pack = world.of(&wave, json!({"carrier": {"code": "post"}}));
        let packed = world.staff("fulfilmentWavePack", pack.clone()).await;
        assert_eq!(results(&packed), ["PACKED"; 2]);
        for result in packed["results"].as_array().unwrap() {
            assert_eq!(result["work"]["parcels"][0]["carrier"]["code"], "POST", "{result:#}");
        }
        assert_eq!(world.staff("fulfilmentWavePack", pack).await["replayed"], json!(true));
    })
    .await;
}
