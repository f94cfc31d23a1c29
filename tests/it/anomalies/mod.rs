//! Anomalous days of stock: flagged once they are over, with a reason, and not again at an accepted
//! size.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod accepted;
mod patterns;
mod registers;
mod size;

use entity::prelude::Timestamp;
use entrepot::{
    access::{Caller, Permission, Reach, kind},
    anomalies::shell::{DetectionCounts, detect},
    clock::Clock,
};
use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_giant_return_is_flagged_once_with_its_reason,
    judged_again_the_days_are_the_same,
    many_small_returns_are_a_busy_day,
    a_new_product_is_not_judged,
    sales_and_corrections_are_judged_too,
    a_correction_that_is_reversed_is_no_longer_strange,
    a_shops_manager_sees_their_shops_days,
    another_companys_days_are_not_seen,
    a_company_says_from_which_size_on,
);

const DAY: i64 = 86_400_000_000;
/// Units of returned mugs on ten days. A usual day has 6.
const USUAL: [i64; 10] = [6, 8, 5, 12, 7, 5, 6, 4, 5, 7];
const LIST: &str = "query($filter: StockAnomalyFilter) { stockAnomalies(filter: $filter) { nodes { id product { sku } store { id } businessDate kind rule
  units usual z largestLine reason times value { amount } person { __typename } register orderId state detectedAt acceptedAt acceptedBy { __typename } note } } }";

/// A shop whose stock moves on known days.
pub struct Shop<'w> {
    pub world: &'w World,
    pub books: Books<'w>,
}

impl<'w> Shop<'w> {
    pub async fn of(world: &'w World) -> Self {
        Self { world, books: Books::of(world).await }
    }
    /// A product with stock, in the shop for a month.
    pub async fn product(&self, sku: &str) -> Value {
        let product = self.books.office.product(sku, "2.00").await;
        let input = json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(self.world, 30) });
        self.books.adjust("RECEIPT", &product, 9_000, input).await;
        product
    }
    /// A customer returns `units`, `days` ago.
    pub async fn bring_back(&self, product: &Value, units: i64, days: i64) {
        let lines = json!([{ "product": product, "quantity": units, "unitPrice": gbp("9.00") }]);
        let occurred_at = days_ago(self.world, days);
        let input =
            json!({ "idempotencyKey": key(), "store": self.books.office.store, "occurredAt": occurred_at, "lines": lines });
        accepted(&self.books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    }
    /// Returns of mugs on ten days, the last of them three days ago.
    pub async fn usual_returns(&self, product: &Value) {
        for (nth, units) in USUAL.iter().enumerate() {
            self.bring_back(product, *units, 12 - nth as i64).await;
        }
    }
    pub async fn adjust(&self, kind: &str, product: &Value, delta: i64, days: i64) -> Value {
        self.books.adjust(kind, product, delta, json!({ "occurredAt": days_ago(self.world, days) })).await
    }
    /// Runs the job at a time so many days from now.
    pub async fn detect(&self, days: i64) -> Option<DetectionCounts> {
        let now = self.world.node.clock.now().micros() + DAY * days;
        let clock = Clock::manual(move || Timestamp(now), now as u64);
        detect(&self.world.node.db, &clock, self.world.ours.owner.tenant).await.unwrap()
    }
    /// Lets the same days be evaluated again.
    pub async fn forget_that_days_were_judged(&self) {
        run_tenant_sql(self.world, "DELETE FROM anomaly_book WHERE tenant_id = $1").await;
    }
    /// The shop's strange days, the newest first.
    pub async fn list_anomalies(&self) -> Vec<Value> {
        self.list_anomalies_where(json!({ "store": { "eq": self.books.office.store["id"] } })).await
    }
    pub async fn list_anomalies_where(&self, filter: Value) -> Vec<Value> {
        let answer = self.books.office.execute(LIST, json!({ "filter": filter })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["stockAnomalies"]["nodes"].as_array().unwrap().clone()
    }
    pub async fn accept(&self, id: &Value, note: &str) -> Value {
        let input = json!({ "id": id, "note": note });
        let fields = "anomaly { id state note acceptedAt acceptedBy { __typename } }";
        self.books.office.mutate("stockAnomalyAccept", "StockAnomalyAcceptInput", fields, input).await
    }
    /// A caller with these rights in one store.
    fn clerk(&self, store: &Value) -> Caller {
        let mut caller = self.world.ours.owner_with(&["store.read"]);
        let reach = Reach::stores([store["id"].as_str().unwrap().parse().unwrap()]);
        caller.permissions.grant(kind::ReportRead::INDEX, &reach);
        caller.permissions.grant(kind::AlertWrite::INDEX, &reach);
        caller
    }
}

/// The business day that was `days` ago.
fn day(world: &World, days: i64) -> String {
    days_ago(world, days)[..10].to_owned()
}

async fn a_giant_return_is_flagged_once_with_its_reason(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 142, 1).await;
    // The day is not over, so it is not evaluated yet.
    shop.bring_back(&mug, 500, 0).await;
    let detected = shop.detect(0).await.unwrap();
    assert_eq!((detected.new, detected.changed, detected.gone), (1, 0, 0), "{detected:?}");
    let found = shop.list_anomalies().await;
    let [strange] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(strange["reason"], "142 returned; a usual day has 6", "{strange:#}");
    let facts =
        ["kind", "rule", "units", "largestLine", "state", "acceptedAt", "acceptedBy", "note"].map(|name| strange[name].clone());
    assert_eq!(json!(facts), json!(["RETURN", "UNUSUAL", 142, 142, "OPEN", null, null, null]));
    assert_eq!((&strange["businessDate"], &strange["product"]["sku"]), (&json!(day(world, 1)), &json!("MUG")));
    assert!(strange["z"].as_f64().unwrap() >= 3.5 && (5.0..7.0).contains(&strange["usual"].as_f64().unwrap()), "{strange:#}");
    let query = "{ events(types: [\"anomaly.flagged\"], first: 10) { nodes { data } } }";
    let reported_answer = shop.books.office.execute(query, json!({})).await;
    let data = json!({ "id": strange["id"], "kind": "RETURN", "productId": mug["id"], "storeId": shop.books.office.store["id"],
        "day": day(world, 1) });
    assert_eq!(reported_answer["data"]["events"]["nodes"], json!([{ "data": data }]), "{reported_answer:#}");
    assert_eq!(shop.detect(0).await, None, "a day closes once");
    let node =
        shop.books.office.execute("query($id: ID!) { node(id: $id) { id __typename } }", json!({ "id": strange["id"] })).await;
    assert_eq!(node["data"]["node"]["__typename"], "StockAnomaly", "{node:#}");
    // The next day that day is over as well, and the newest anomaly comes first.
    assert_eq!(shop.detect(1).await.unwrap().changed, 0);
    let strange = shop.list_anomalies().await;
    assert_eq!((strange.len(), &strange[0]["units"], &strange[1]["units"]), (2, &json!(500), &json!(142)), "{strange:#?}");
    for (filter, found) in [
        (json!({ "state": ["OPEN"], "product": { "eq": mug["id"] } }), 2),
        (json!({ "state": ["ACCEPTED"], "product": { "eq": mug["id"] } }), 0),
        (json!({ "from": day(world, 0), "product": { "eq": mug["id"] } }), 1),
        (json!({ "to": day(world, 1), "product": { "eq": mug["id"] } }), 1),
    ] {
        assert_eq!(shop.list_anomalies_where(filter.clone()).await.len(), found, "{filter}");
    }
    let wrong = json!({ "filter": { "from": day(world, 0), "to": day(world, 1) } });
    let answer = shop.books.office.execute(LIST, wrong).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
    shop.books.office.is_sound().await;
}

async fn judged_again_the_days_are_the_same(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 142, 1).await;
    shop.detect(0).await.unwrap();
    let before = shop.list_anomalies().await;
    shop.forget_that_days_were_judged().await;
    let again = shop.detect(0).await.unwrap();
    assert_eq!((again.new, again.changed, again.gone), (0, 0, 0), "{again:?}");
    assert_eq!(shop.list_anomalies().await, before);
    // Workers that were away for days miss none.
    let plate = shop.product("PLATE").await;
    shop.usual_returns(&plate).await;
    shop.bring_back(&plate, 142, 0).await;
    shop.detect(12).await.unwrap();
    assert!(shop.list_anomalies().await.iter().any(|one| one["product"]["sku"] == "PLATE"));
    // That clock was twelve days ahead and is corrected: days are evaluated at once, and not only
    // when it has caught up.
    assert!(shop.detect(0).await.is_some());
    assert_eq!(shop.detect(0).await, None, "a day closes once");
}

async fn many_small_returns_are_a_busy_day(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    for _ in 0..4 {
        shop.bring_back(&mug, 40, 1).await;
    }
    shop.detect(0).await.unwrap();
    assert_eq!(shop.list_anomalies().await, Vec::<Value>::new(), "no line of the 160 has 50");
    // A larger return is recorded later: its line exceeds the limit, and the anomaly has the day's
    // units.
    shop.bring_back(&mug, 55, 1).await;
    shop.detect(1).await.unwrap();
    let strange = shop.list_anomalies().await;
    assert_eq!((strange.len(), &strange[0]["units"], &strange[0]["largestLine"]), (1, &json!(215), &json!(55)), "{strange:#?}");
}

async fn a_new_product_is_not_judged(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    for days in 2..9 {
        shop.bring_back(&mug, 6, days).await;
    }
    shop.bring_back(&mug, 900, 1).await;
    shop.detect(0).await.unwrap();
    assert_eq!(shop.list_anomalies().await, Vec::<Value>::new(), "seven days say nothing");
    // A line of two thousand speaks for itself.
    let plate = shop.product("PLATE").await;
    shop.bring_back(&plate, 2_000, 0).await;
    shop.detect(1).await.unwrap();
    let strange = shop.list_anomalies_where(json!({ "product": { "eq": plate["id"] } })).await;
    assert_eq!((&strange[0]["rule"], &strange[0]["z"]), (&json!("LARGE_LINE"), &Value::Null), "{strange:#?}");
    assert_eq!(strange[0]["reason"], "2000 returned; no day before is known");
}

async fn sales_and_corrections_are_judged_too(world: &World) {
    let shop = Shop::of(world).await;
    let (mug, plate) = (shop.product("MUG").await, shop.product("PLATE").await);
    for days in 2..12 {
        let lines = json!([{ "product": mug, "quantity": 10, "unitPrice": gbp("9.00") }]);
        let placed_at = days_ago(world, days);
        let input = json!({ "idempotencyKey": key(), "store": shop.books.office.store, "status": "FULFILLED", "placedAt": placed_at, "lines": lines });
        accepted(&shop.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
        for (kind, delta) in [("SALE", -4), ("RETURN", 3), ("ADJUSTMENT", 5), ("ADJUSTMENT", -5), ("REMOVAL", -2)] {
            shop.adjust(kind, &plate, delta, days).await;
        }
    }
    let lines = json!([{ "product": mug, "quantity": 600, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": shop.books.office.store, "status": "FULFILLED", "placedAt": days_ago(world, 1), "lines": lines });
    accepted(&shop.books.office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    for (kind, delta) in [("SALE", -401), ("RETURN", 302), ("ADJUSTMENT", 503), ("ADJUSTMENT", -504), ("REMOVAL", -205)] {
        shop.adjust(kind, &plate, delta, 1).await;
    }
    shop.detect(0).await.unwrap();
    let mut anomalies: Vec<String> = shop
        .list_anomalies()
        .await
        .iter()
        .map(|one| format!("{}: {}", one["product"]["sku"].as_str().unwrap(), one["reason"].as_str().unwrap()))
        .collect();
    anomalies.sort_unstable();
    assert_eq!(
        anomalies,
        [
            "MUG: 600 sold; a usual day has 10",
            "PLATE: 205 removed; a usual day has 2",
            "PLATE: 302 returned; a usual day has 3",
            "PLATE: 401 sold; a usual day has 4",
            "PLATE: 503 adjusted in; a usual day has 5",
            "PLATE: 504 adjusted out; a usual day has 5",
        ]
    );
    shop.books.office.is_sound().await;
}

async fn a_correction_that_is_reversed_is_no_longer_strange(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    for days in 3..13 {
        shop.adjust("ADJUSTMENT", &mug, -5, days).await;
    }
    let wrong = shop.adjust("ADJUSTMENT", &mug, -150, 2).await;
    shop.detect(0).await.unwrap();
    let strange = shop.list_anomalies().await;
    assert_eq!(strange[0]["reason"], "150 adjusted out; a usual day has 5", "{strange:#?}");
    let input = json!({ "idempotencyKey": key(), "movementId": wrong["id"], "note": "a keying error" });
    accepted(&shop.books.office.mutate("stockReverse", "StockReverseInput", "movement { id }", input).await, "movement");
    let detected = shop.detect(1).await.unwrap();
    assert_eq!(detected.gone, 1, "{detected:?}");
    assert_eq!(shop.list_anomalies().await, Vec::<Value>::new());
}

async fn a_shops_manager_sees_their_shops_days(world: &World) {
    let shop = Shop::of(world).await;
    let (mug, annex) = (shop.product("MUG").await, shop.books.office.new_store("ANNEX").await);
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 142, 1).await;
    shop.detect(0).await.unwrap();
    let id = shop.list_anomalies().await[0]["id"].clone();
    let dock = shop.books.office.store.clone();
    let own = shop.books.office.as_caller(shop.clerk(&dock));
    let answer = own.execute(LIST, json!({})).await;
    assert_eq!(answer["data"]["stockAnomalies"]["nodes"].as_array().unwrap().len(), 1, "{answer:#}");
    let theirs = shop.books.office.as_caller(shop.clerk(&annex));
    for filter in [json!({}), json!({ "store": { "eq": dock["id"] } })] {
        let answer = theirs.execute(LIST, json!({ "filter": filter })).await;
        assert_eq!(answer["data"]["stockAnomalies"]["nodes"], json!([]), "{answer:#}");
    }
    let node = theirs.execute("query($id: ID!) { node(id: $id) { id } }", json!({ "id": id })).await;
    assert_eq!(node["data"]["node"], Value::Null, "{node:#}");
    let input = || json!({ "id": id });
    let fields = "anomaly { state }";
    refused(&theirs.mutate("stockAnomalyAccept", "StockAnomalyAcceptInput", fields, input()).await, "NOT_FOUND", "input.id");
    let payload = own.mutate("stockAnomalyAccept", "StockAnomalyAcceptInput", fields, input()).await;
    assert_eq!(accepted(&payload, "anomaly")["state"], "ACCEPTED");
}

async fn another_companys_days_are_not_seen(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 142, 1).await;
    shop.detect(0).await.unwrap();
    let id = shop.list_anomalies().await[0]["id"].clone();
    let theirs = &world.theirs;
    let answer = world.execute(theirs, Some(theirs.owner.clone()), LIST, &json!({})).await;
    let nodes = answer["data"]["stockAnomalies"]["nodes"].as_array().unwrap();
    assert!(!nodes.iter().any(|one| one["id"] == id) && !nodes.is_empty(), "{answer:#}");
    let accept = "mutation($input: StockAnomalyAcceptInput!) { stockAnomalyAccept(input: $input) { anomaly { id } userErrors { code field } } }";
    let answer = world.execute(theirs, Some(theirs.owner.clone()), accept, &json!({ "input": { "id": id } })).await;
    refused(&answer["data"]["stockAnomalyAccept"], "NOT_FOUND", "input.id");
    assert_eq!(shop.list_anomalies().await[0]["state"], "OPEN");
}

async fn a_company_says_from_which_size_on(world: &World) {
    let shop = Shop::of(world).await;
    let mug = shop.product("MUG").await;
    shop.usual_returns(&mug).await;
    shop.bring_back(&mug, 40, 1).await;
    shop.detect(0).await.unwrap();
    assert_eq!(shop.list_anomalies().await, Vec::<Value>::new(), "fifty is the default");
    let answer = shop.books.office.execute("{ viewer { tenant { settings { version anomalySize } } } }", json!({})).await;
    let settings = &answer["data"]["viewer"]["tenant"]["settings"];
    assert_eq!(settings["anomalySize"], Value::Null, "{answer:#}");
    let update = async |size: i64| {
        let input = json!({ "expectedVersion": settings["version"], "anomalySize": size });
        shop.books.office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { settings { anomalySize } }", input).await
    };
    refused(&update(0).await, "OUT_OF_RANGE", "input.anomalySize");
    assert_eq!(accepted(&update(20).await, "tenant")["settings"]["anomalySize"], 20);
    shop.detect(1).await.unwrap();
    assert_eq!(shop.list_anomalies().await[0]["reason"], "40 returned; a usual day has 6");
    // A limit of a shop overrides the company's, for that shop only.
    let annex = shop.books.office.new_store("ANNEX").await;
    let limited = async |store: &Value, version: i64, limits: Value| {
        let input = json!({ "id": store["id"], "expectedVersion": version, "anomalyLimits": limits });
        let fields = "store { version anomalyLimits { size unmovedDays } }";
        shop.books.office.mutate("storeUpdate", "StoreUpdateInput", fields, input).await
    };
    refused(&limited(&annex, 1, json!({ "size": 0 })).await, "OUT_OF_RANGE", "input.anomalyLimits.size");
    accepted(&limited(&annex, 1, json!({ "size": 45 })).await, "store");
    shop.forget_that_days_were_judged().await;
    assert_eq!(shop.detect(1).await.unwrap().gone, 0, "it is another shop's");
    let version = "query($id: ID!) { node(id: $id) { ... on Store { version } } }";
    let dock = shop.books.office.store.clone();
    let answer = shop.books.office.execute(version, json!({ "id": dock["id"] })).await;
    let version = answer["data"]["node"]["version"].as_i64().unwrap();
    let own = limited(&dock, version, json!({ "size": 45 })).await;
    assert_eq!(accepted(&own, "store")["anomalyLimits"], json!({ "size": 45, "unmovedDays": null }), "{own:#}");
    shop.forget_that_days_were_judged().await;
    assert_eq!(shop.detect(1).await.unwrap().gone, 1);
    assert_eq!(shop.list_anomalies().await, Vec::<Value>::new());
    let none = limited(&dock, version + 1, Value::Null).await;
    assert_eq!(accepted(&none, "store")["anomalyLimits"], Value::Null, "{none:#}");
    shop.forget_that_days_were_judged().await;
    assert_eq!(shop.detect(1).await.unwrap().new, 1, "the company's again");
}
