//! The report builder: rights, refusals, charts, and reports that are saved as views.

use entrepot::access::{Permission, Reach, kind};
use serde_json::{Value, json};

use super::{
    builder::{REPORT, SOLD, by, figures, of_products, shop},
    execute, filter, order, stocked,
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    costs_and_stores_are_shown_to_those_who_may_see_them,
    what_the_catalogue_does_not_know_is_refused,
    a_chart_shows_names_as_texts,
    a_report_is_kept_as_a_view,
);

async fn costs_and_stores_are_shown_to_those_who_may_see_them(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let filter = of_products(&books, &products, (7, 1));
    let ask = json!({ "m": SOLD, "d": ["STORE"], "f": filter });
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read", "product.read"]));
    let seen_answer = reader.execute(REPORT, ask.clone()).await;
    let row = &seen_answer["data"]["report"]["nodes"][0];
    assert_eq!(json!(figures(row, "value")), json!(["15", "135.00", null]), "{seen_answer:#}");
    assert_eq!(json!(figures(row, "isHidden")), json!([false, false, true]));
    let mut sorted = ask.clone();
    sorted["s"] = json!({ "measure": "MARGIN" });
    let answer = reader.execute(REPORT, sorted).await;
    assert_eq!(
        (&answer["errors"][0]["code"], &answer["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("product.cost.read"))
    );
    // A reader of one store has its rows, and its sums alone.
    let mut caller = world.ours.owner_with(&["store.read", "product.read"]);
    let own = books.office.store["id"].as_str().unwrap().parse().unwrap();
    caller.permissions.grant(kind::ReportRead::INDEX, &Reach::stores([own]));
    let limited = books.office.as_caller(caller);
    let theirs = limited.execute(REPORT, ask.clone()).await;
    let found = &theirs["data"]["report"];
    assert_eq!(by(found, "/store/code").into_keys().collect::<Vec<_>>(), ["DOCK"], "{theirs:#}");
    assert_eq!(json!(figures(&found["totals"], "value")), json!(["15", "135.00", null]));
    let mut closings = ask.clone();
    closings["m"] = json!(["CLOSING_UNITS", "IN_STOCK_DAYS", "ORDERS"]);
    let stock = limited.execute(REPORT, closings).await;
    assert_eq!(by(&stock["data"]["report"], "/store/code").into_keys().collect::<Vec<_>>(), ["DOCK"], "{stock:#}");
    let none = limited
        .execute(
            REPORT,
            json!({ "m": SOLD, "d": ["DAY"], "f": { "from": filter["from"], "to": filter["to"], "store": { "eq": world.ours.depot } } }),
        )
        .await;
    assert_eq!(none["data"]["report"]["totals"]["values"][0]["value"], "0", "{none:#}");
    // Another tenant's stores and products are in no row.
    for narrowed in
        [json!({ "store": { "eq": world.theirs.depot } }), json!({ "product": { "id": { "in": [world.theirs.ids["prd"]] } } })]
    {
        let mut foreign = json!({ "from": filter["from"], "to": filter["to"] });
        foreign.as_object_mut().unwrap().extend(narrowed.as_object().unwrap().clone());
        let found =
            execute(&books, REPORT, json!({ "m": ["SOLD_UNITS", "ORDERS", "CLOSING_UNITS"], "d": ["STORE"], "f": foreign }))
                .await;
        assert_eq!((&found["nodes"], &found["rowCount"]), (&json!([]), &json!(0)), "{narrowed}");
    }
}

async fn what_the_catalogue_does_not_know_is_refused(world: &World) {
    let books = Books::of(world).await;
    let report_filter = filter(&books, (7, 1));
    let many: Vec<String> = (0..251).map(|_| books.office.store["id"].as_str().unwrap().to_owned()).collect();
    let channels =
        json!({ "from": report_filter["from"], "to": report_filter["to"], "channel": { "eq": world.ours.ids["chn"] } });
    for (measures, dimensions, extra, field) in [
        (vec![], vec!["DAY"], json!({}), "measures"),
        (vec!["ORDERS", "ORDERS"], vec!["DAY"], json!({}), "measures"),
        (vec!["ORDERS"], vec![], json!({}), "dimensions"),
        (vec!["ORDERS"], vec!["DAY", "STORE", "CHANNEL", "PRODUCT"], json!({}), "dimensions"),
        (vec!["ORDERS"], vec!["DAY", "MONTH"], json!({}), "dimensions"),
        (vec!["LOST_UNITS"], vec!["MONTH"], json!({}), "measures"),
        (vec!["RECEIVED_UNITS"], vec!["CHANNEL"], json!({}), "measures"),
        (vec!["STOCKOUT_RATE"], vec!["DAY"], json!({}), "measures"),
        (vec!["ORDERS"], vec!["DAY"], json!({ "s": { "measure": "SOLD_UNITS" } }), "sort"),
        (vec!["CLOSING_UNITS"], vec!["STORE"], json!({ "f": channels }), "filter"),
        (vec!["ORDERS"], vec!["DAY"], json!({ "f": { "from": "2020-01-01", "to": "2022-01-02" } }), "filter"),
    ] {
        let mut ask = json!({ "m": measures, "d": dimensions, "f": report_filter });
        ask.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let answer = books.office.execute(REPORT, ask).await;
        let error = &answer["errors"][0];
        assert_eq!(
            (&error["code"], &error["field"][0]),
            (&json!("BAD_USER_INPUT"), &json!(field)),
            "{measures:?} {dimensions:?}: {error:#}"
        );
    }
    let filter = json!({ "from": report_filter["from"], "to": report_filter["to"], "store": { "in": many } });
    let answer = books.office.execute(REPORT, json!({ "m": ["ORDERS"], "d": ["DAY"], "f": filter })).await;
    let error = &answer["errors"][0];
    assert_eq!((&error["code"], &error["field"]), (&json!("LIMIT_EXCEEDED"), &json!(["filter", "store", "in"])), "{error:#}");
    let catalog = execute(&books, "{ reportCatalog { measures { measure unit combinesWith addsOver isAdditive isCost } dimensions { dimension isOfTime } mostRows } }", json!({})).await;
    // All combinations of the catalogue are answered.
    for measure in catalog["measures"].as_array().unwrap() {
        for dimension in measure["combinesWith"].as_array().unwrap() {
            let found = execute(&books, REPORT, json!({ "m": [measure["measure"]], "d": [dimension], "f": report_filter })).await;
            assert_eq!(found["isCurrent"], true, "{measure} by {dimension}");
        }
    }
}

/// Whether each element is closed, in the order in which they were opened.
fn is_well_formed(drawing: &str) -> bool {
    let mut open = Vec::new();
    for tag in drawing.split('<').skip(1).filter_map(|piece| piece.split_once('>')).map(|(tag, _)| tag) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap().to_owned();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        if tag.matches('"').count() % 2 != 0 {
            return false;
        }
    }
    open.is_empty() && drawing.matches('<').count() == drawing.matches('>').count()
}

const CHART: &str = "query($m: [ReportMeasure!]!, $d: [ReportDimension!]!, $f: SalesReportFilter!, $k: ReportChartKind!, $o: ReportMeasure, $w: Int!) {
    report(measures: $m, dimensions: $d, filter: $f) { svg(kind: $k, measure: $o, width: $w) } }";

async fn a_chart_shows_names_as_texts(world: &World) {
    let books = Books::of(world).await;
    let input = json!({ "sku": "EVIL", "name": "<script>\"x\"</script> & 'co'", "unitCost": gbp("2.00"), "price": gbp("99.00") });
    let payload = books.office.mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    let evil = json!({ "id": accepted(&payload, "product")["id"] });
    books.adjust("RECEIPT", &evil, 10, json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(world, 9) })).await;
    order(&books, &[(&evil, 3)], 3, Value::Null).await;
    let report_filter = filter(&books, (7, 1));
    let ask = |dimension: &str, kind: &str| json!({ "m": ["SOLD_UNITS", "MARGIN"], "d": [dimension], "f": report_filter, "k": kind, "w": 480 });
    let found = execute(&books, CHART, ask("PRODUCT", "BARS")).await;
    let drawing = found["svg"].as_str().unwrap();
    assert!(is_well_formed(drawing) && !drawing.contains("<script"), "{drawing}");
    assert!(drawing.contains("<desc>&lt;script&gt;&quot;x&quot;&lt;/script&gt; &amp; &#39;co&#39;: 3</desc>"), "{drawing}");
    assert!(
        drawing.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"Sold units by product, "),
        "{drawing}"
    );
    let again = execute(&books, CHART, ask("PRODUCT", "BARS")).await;
    assert_eq!(found, again);
    let line = execute(&books, CHART, ask("DAY", "LINE")).await;
    let line = line["svg"].as_str().unwrap();
    assert!(is_well_formed(line) && line.matches("<circle").count() == 7, "a point for each day: {line}");
    // By two dimensions, bars of the first are stacked of the second.
    let mut stacked = ask("DAY", "BARS");
    stacked["d"] = json!(["DAY", "STORE"]);
    let drawing = execute(&books, CHART, stacked.clone()).await["svg"].as_str().unwrap().to_owned();
    assert!(is_well_formed(&drawing) && drawing.contains("Sold units by day and store, "), "{drawing}");
    assert_eq!(drawing.matches("<rect").count(), 3, "the ground, the key of the store, and its bar: {drawing}");
    assert!(drawing.contains(": 3</title>"), "{drawing}");
    // A caller that may not see costs gets no chart of them; a line of two dimensions, three
    // dimensions, and other sizes are refused.
    stacked["k"] = json!("LINE");
    assert_eq!(books.office.execute(CHART, stacked).await["errors"][0]["code"], "BAD_USER_INPUT");
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read"]));
    let mut margin = ask("PRODUCT", "BARS");
    margin["o"] = json!("MARGIN");
    assert!(execute(&books, CHART, margin.clone()).await["svg"].as_str().unwrap().contains(": 21.00"), "3 × 7.00");
    assert_eq!(reader.execute(CHART, margin).await["errors"][0]["code"], "FORBIDDEN");
    for (name, value) in [("d", json!(["DAY", "STORE", "PRODUCT"])), ("o", json!("ORDERS")), ("w", json!(9_000))] {
        let mut wrong = ask("PRODUCT", "BARS");
        wrong[name] = value;
        let answer = books.office.execute(CHART, wrong).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{name}: {answer:#}");
    }
}

/// A report is saved as a view, and read by others with their own rights.
async fn a_report_is_kept_as_a_view(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 9).await;
    order(&books, &[(&mug, 3)], 3, Value::Null).await;
    let document = "query($f: SalesReportFilter!) { report(measures: [SOLD_UNITS, MARGIN], dimensions: [PRODUCT], filter: $f) {
        nodes { product { sku } sold: value(measure: SOLD_UNITS) { value } margin: value(measure: MARGIN) { value } }
        pageInfo { hasNextPage endCursor } } }";
    let input = json!({ "idempotencyKey": key(), "name": "Sold", "slug": "sold-by-product", "document": document, "variables": { "f": filter(&books, (7, 1)) } });
    let payload = books.office.mutate("savedViewCreate", "SavedViewCreateInput", "savedView { isLive }", input).await;
    assert_eq!(accepted(&payload, "savedView")["isLive"], true, "it is followed by the journal");
    let read = "{ savedViewResult(view: { slug: \"sold-by-product\" }) { data errors { code } } }";
    let whole = execute(&books, read, json!({})).await;
    let row = json!([{ "product": { "sku": "MUG" }, "sold": { "value": "3" }, "margin": { "value": "21.00" } }]);
    assert_eq!(whole["data"]["report"]["nodes"], row, "{whole:#}");
    let reader = books.office.as_caller(world.ours.owner_with(&["view.read", "report.read"]));
    let answer = reader.execute(read, json!({})).await;
    let row = &answer["data"]["savedViewResult"]["data"]["report"]["nodes"][0];
    assert_eq!((&row["sold"]["value"], &row["margin"]["value"]), (&json!("3"), &Value::Null), "{answer:#}");
}
