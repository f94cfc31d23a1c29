//! Forecasts of `entrepot demo`: of each store that sells, with sums that agree, and past ones beside what came true.

use serde_json::{Value, json};

use super::client::Client;

/// The depot and the shops, then the replayed retailer's store.
const STORES: [&str; 5] = ["DEPOT", "LDN", "LDS", "PAR", "MAIN"];
const PRODUCT: &str =
    "query($store: StoreRef) { found: forecast(product: { sku: \"DS-MUGS-4\" }, store: $store) { weeks { mean } } }";
const CATEGORY: &str =
    "query($store: StoreRef) { found: forecastSum(category: { slug: \"kitchen\" }, store: $store) { series weeks { mean } } }";
const ALL: &str = "query($store: StoreRef) { found: forecastSum(store: $store) { series weeks { mean } } }";
const PAST: &str = "{ forecast(product: { sku: \"DS-MUGS-4\" }, store: { code: \"LDN\" }) { trackingSignal hasDrifted
    accuracy { weeks wape } history { week units } past { week mean units } } }";
const ACCURACY: &str = "query($lead: Int!) { forecastAccuracy(lead: $lead) { class scored units wape naiveWape } }";

/// Means of the eight weeks to come, in a store or in all of them.
async fn means(owner: &Client, query: &str, store: Option<&str>) -> Vec<f64> {
    let store = store.map(|code| json!({ "code": code }));
    let found = owner.execute(query, json!({ "store": store })).await["found"].take();
    let weeks = found["weeks"].as_array().unwrap_or_else(|| panic!("{query}, {store:?}: {found}"));
    weeks.iter().take(8).map(|week| week["mean"].as_f64().unwrap()).collect()
}

/// Checks that the forecast of all stores is the sum of those of these stores, each of which
/// expects something in each week.
async fn is_sum_of(owner: &Client, query: &str, stores: &[&str]) {
    let mut sums = vec![0.0; 8];
    for store in stores {
        let found = means(owner, query, Some(*store)).await;
        assert!(found.len() == 8 && found.iter().all(|mean| *mean > 0.0), "{query}, {store}: {found:?}");
        sums.iter_mut().zip(found).for_each(|(sum, mean)| *sum += mean);
    }
    let all = means(owner, query, None).await;
    // Means are rounded to a thousandth.
    assert!(all.iter().zip(&sums).all(|(all, sum)| (all - sum).abs() < 0.01), "{query}: {all:?} and {sums:?}");
}

/// Checks that forecasts of earlier weeks used only the data of their time, and were compared with
/// the actual sales.
async fn past_forecasts_came_true(owner: &Client) {
    let found = owner.execute(PAST, json!({})).await["forecast"].take();
    let (past, history) = (found["past"].as_array().unwrap(), found["history"].as_array().unwrap());
    assert!(past.len() >= 9, "{found:#}");
    for week in past {
        let came = history.iter().find(|one| one["week"] == week["week"]).unwrap_or_else(|| panic!("{week}: {found:#}"));
        assert!(came["units"] == week["units"] && week["mean"].as_f64().unwrap() > 0.0, "{week}: {came}");
    }
    assert!(past.iter().any(|week| week["mean"] != past[0]["mean"]), "runs know other weeks: {found:#}");
    assert!(found["accuracy"]["weeks"].as_i64().unwrap() >= 8 && found["accuracy"]["wape"].is_number(), "{found:#}");
    assert!(found["trackingSignal"].is_number(), "{found:#}");
    for lead in [1, 4, 8] {
        let scores: Value = owner.execute(ACCURACY, json!({ "lead": lead })).await["forecastAccuracy"].take();
        let all = &scores[0];
        assert!(all["class"].is_null() && all["scored"].as_i64().unwrap() > 28, "{lead}: {scores:#}");
        assert!(
            all["units"].as_i64().unwrap() > 0 && all["wape"].is_number() && all["naiveWape"].is_number(),
            "{lead}: {scores:#}"
        );
    }
}

/// Stores, categories and all together have forecasts, and the weeks before have theirs.
pub async fn are_there(owner: &Client) {
    let shops = &STORES[..4];
    is_sum_of(owner, PRODUCT, shops).await;
    is_sum_of(owner, CATEGORY, shops).await;
    is_sum_of(owner, ALL, &STORES).await;
    past_forecasts_came_true(owner).await;
}
