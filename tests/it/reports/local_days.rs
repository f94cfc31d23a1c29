//! Reports of today, where the company or a store has another day than UTC.

use entrepot::clock::local_day;
use serde_json::{Value, json};

use super::{day, execute, order, stocked};
use crate::{
    authorization::world::World,
    costing::world::Books,
    lots::shop::LotShop,
    purchasing::office::{Office, accepted, gbp, key},
    world::on_both,
};

on_both!(today_is_the_one_of_the_company, a_count_is_of_the_day_of_its_store);

/// East of all others: from ten o'clock in UTC on it is tomorrow there.
const EAST: &str = "Pacific/Kiritimati";

/// Moves the company to where it is tomorrow.
async fn moved_east(office: &Office<'_>) {
    let now = office.world.node.clock.now();
    assert_eq!(local_day(now, EAST), local_day(now, "UTC") + 1, "this world's clock stands in the afternoon");
    let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &answer["data"]["viewer"]["tenant"]["settings"]["version"];
    let input = json!({ "expectedVersion": version, "timeZone": EAST });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", input).await, "tenant");
}

const TODAY: &str = "query($s: IdFilter, $stores: [StoreRef!], $p: PeriodInput!) {
    expiryRisk(store: $s) { nodes { daysLeft unitsAtRisk } } customerScores(store: $s) { nodes { daysSinceOrder } }
    dashboard(stores: $stores, period: $p) { purchaseOrders { documents overdue } } }";

/// Returns the figures that depend on today. A dashboard of other days is none that was cached
/// before.
async fn report_days(books: &Books<'_>, days: i64) -> Value {
    let (office, world) = (&books.office, books.office.world);
    let period = json!({ "from": day(world, days), "to": day(world, 1) });
    let variables = json!({ "s": { "eq": office.store["id"] }, "stores": [office.store], "p": period });
    let answer = office.execute(TODAY, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let data = &answer["data"];
    json!([data["expiryRisk"]["nodes"], data["customerScores"]["nodes"], data["dashboard"]["purchaseOrders"]])
}

async fn today_is_the_one_of_the_company(world: &World) {
    let shop = LotShop::open(world).await;
    let books = Books::of_office(shop.office);
    let office = &books.office;
    let change = json!({ "product": shop.cheese, "store": office.store, "delta": 8,
        "lot": { "named": { "code": "OLD", "expiresOn": day(world, 0) } } });
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    let mug = stocked(&books, "MUG", 10, 9).await;
    let lines = json!([{ "product": mug, "quantity": 5, "unitCost": gbp("2.00") }]);
    office.ordered(json!({ "expectedOn": day(world, 0), "lines": lines })).await;
    let ada = office.mutate("customerCreate", "CustomerCreateInput", "customer { id }", json!({ "name": "Ada" })).await;
    order(&books, &[(&mug, 1)], 5, json!({ "customerId": accepted(&ada, "customer")["id"] })).await;
    let expected = |left: i64, since: i64, overdue: i64| {
        let lots = json!([{ "daysLeft": left, "unitsAtRisk": 8.0 }]);
        json!([lots, [{ "daysSinceOrder": since }], { "documents": 1, "overdue": overdue }])
    };
    assert_eq!(report_days(&books, 7).await, expected(0, 5, 0), "all of it is of today");
    moved_east(office).await;
    assert_eq!(report_days(&books, 8).await, expected(-1, 6, 1), "where it is tomorrow, the lot is past and the delivery late");
}

/// Counts a product in the office's store.
async fn count(office: &Office<'_>, product: &Value, units: i64) {
    let step = async |mutation: &str, kind: &str, mut input: Value| {
        input["idempotencyKey"] = json!(key());
        accepted(&office.mutate(mutation, kind, "count { id }", input).await, "count")["id"].clone()
    };
    let input = json!({ "store": office.store, "kind": "LIST", "isBlind": false, "products": [product] });
    let id = step("stocktakeCreate", "StocktakeCreateInput", input).await;
    step("stocktakeStart", "StocktakeActionInput", json!({ "id": id })).await;
    let lines = json!([{ "product": product, "counted": units }]);
    step("stocktakeRecord", "StocktakeRecordInput", json!({ "id": id, "lines": lines })).await;
    step("stocktakeSubmit", "StocktakeSubmitInput", json!({ "id": id })).await;
    step("stocktakeApprove", "StocktakeActionInput", json!({ "id": id })).await;
}

const COUNTED: &str = "query($f: StockReportFilter!) { countAccuracy(filter: $f) {
    nodes { store { code } lines weightedAccuracy } totals { lines } } }";

async fn a_count_is_of_the_day_of_its_store(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 4).await;
    let office = &books.office;
    let input = json!({ "code": "EAST", "name": "East", "timeZone": EAST });
    let payload = office.mutate("storeCreate", "StoreCreateInput", "store { id }", input).await;
    let mut far = office.as_caller(office.caller.clone());
    far.store = json!({ "id": accepted(&payload, "store")["id"] });
    let far = Books::of_office(far);
    far.receive(&mug, 5, "2.00").await;
    count(office, &mug, 10).await;
    count(&far.office, &mug, 5).await;
    let stores = async |filter: Value| {
        let found = execute(&books, COUNTED, json!({ "f": filter })).await;
        let rows: Vec<Value> =
            found["nodes"].as_array().unwrap().iter().map(|row| json!([row["store"]["code"], row["lines"]])).collect();
        assert_eq!(found["totals"]["lines"], json!(rows.len()), "{found:#}");
        json!(rows)
    };
    let on = |days: i64| json!({ "from": day(world, days), "to": day(world, days) });
    assert_eq!(stores(on(0)).await, json!([["DOCK", 1]]));
    assert_eq!(stores(on(-1)).await, json!([["EAST", 1]]), "it was counted tomorrow");
    assert_eq!(stores(json!({ "period": "TODAY" })).await, json!([["DOCK", 1]]));
    moved_east(office).await;
    assert_eq!(stores(json!({ "period": "TODAY" })).await, json!([["EAST", 1]]), "and today is the company's");
}
