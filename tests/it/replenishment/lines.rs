//! Lines of a plan are filtered and sorted by their proposals, in a dry run as in a stored plan.

use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, gbp, key},
    world::on_both,
};

on_both!(lines_are_found_by_what_they_propose, lines_are_sorted_and_paged_by_what_they_cost, a_filter_shows_a_buyer_nothing_more,);

/// 40 mugs that are moved here from the annex, 24 mugs that are bought, and 60 cups that are bought, in a category below another one.
struct Planned<'w> {
    desk: Desk<'w>,
    annex: Value,
    /// Input of the plan, without a key.
    input: Value,
    plan: Value,
}

impl<'w> Planned<'w> {
    async fn of(world: &'w World) -> Self {
        let desk = Desk::of(world).await;
        let (mug, cup) = (desk.product("MUG").await, desk.product("CUP").await);
        desk.forecast(&[&mug, &cup]).await;
        desk.set_service_level().await;
        let annex = desk.books.office.new_store("ANNEX").await;
        desk.put(&mug, &annex, 40).await;
        let costs = json!([{ "fromStore": annex, "toStore": desk.books.office.store, "freight": gbp("5.00") }]);
        desk.settings(json!({ "transferCosts": costs })).await;
        put_into_a_category(&desk.books.office, &cup).await;
        let input = json!({ "storeIds": [desk.books.office.store["id"], annex["id"]] });
        let plan = desk.plan(input.clone()).await;
        Self { desk, annex, input, plan }
    }

    /// Lines of the plan with these arguments, as the office's caller reads them.
    async fn answer(&self, office: &Office<'_>, arguments: &str) -> Value {
        let query = format!(
            "query($id: ID!) {{ replenishmentPlan(id: $id) {{ lines({arguments}) {{ edges {{ cursor node {{ quantity }} }} totalCount {{ count }} }} }} }}"
        );
        office.execute(&query, json!({ "id": self.plan["id"] })).await
    }

    /// Quantities of the lines, as the owner reads them.
    async fn kept(&self, arguments: &str) -> Vec<i64> {
        let answer = self.answer(&self.desk.books.office, arguments).await;
        let lines = &answer["data"]["replenishmentPlan"]["lines"];
        let found = quantities(&lines["edges"], &answer);
        assert_eq!(lines["totalCount"]["count"], found.len(), "{arguments}: {answer:#}");
        found
    }

    /// Quantities of the lines of a dry run.
    async fn tried(&self, arguments: &str) -> Vec<i64> {
        let query = format!(
            "mutation($input: ReplenishmentPlanCreateInput!) {{ replenishmentPlanCreate(input: $input, validateOnly: true) {{ \
             plan {{ lines({arguments}) {{ edges {{ node {{ quantity }} }} }} }} userErrors {{ code }} }} }}"
        );
        let mut input = self.input.clone();
        input["idempotencyKey"] = json!(key());
        let answer = self.desk.books.office.execute(&query, json!({ "input": input })).await;
        quantities(&answer["data"]["replenishmentPlanCreate"]["plan"]["lines"]["edges"], &answer)
    }
}

fn quantities(edges: &Value, answer: &Value) -> Vec<i64> {
    let edges = edges.as_array().unwrap_or_else(|| panic!("{answer:#}"));
    edges.iter().map(|edge| edge["node"]["quantity"].as_i64().unwrap()).collect()
}

async fn put_into_a_category(office: &Office<'_>, product: &Value) {
    let mut parent = Value::Null;
    for slug in ["planned-kitchen", "planned-cups"] {
        let input = json!({ "name": slug, "slug": slug, "parentId": parent });
        parent =
            accepted(&office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await, "category")["id"]
                .clone();
    }
    let query = "query($id: ID!) { node(id: $id) { ... on Product { version } } }";
    let version = office.execute(query, json!({ "id": product["id"] })).await["data"]["node"]["version"].clone();
    let input = json!({ "id": product["id"], "expectedVersion": version, "categoryId": parent });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
}

async fn lines_are_found_by_what_they_propose(world: &World) {
    let planned = Planned::of(world).await;
    let supplier = format!("supplier: {{ eq: {} }}", planned.desk.books.office.supplier["id"]);
    let cases: [(&str, &[i64]); 26] = [
        ("", &[24, 40, 60]),
        ("sku: { eq: \"cup\" }", &[60]),
        ("product: { key: [\"MUG\"] }", &[24, 40]),
        ("search: \"cup\"", &[60]),
        ("categoryTree: { key: [\"planned-kitchen\"] }", &[60]),
        ("category: { key: [\"planned-kitchen\"] }", &[]),
        ("category: { isNull: true }", &[24, 40]),
        ("kind: [TRANSFER]", &[40]),
        ("fromStore: { key: [\"ANNEX\"] }", &[40]),
        ("store: { key: [\"ANNEX\"] }", &[]),
        (&supplier, &[24, 60]),
        ("quantity: { gt: 24, lt: 60 }", &[40]),
        ("cost: { currencyCode: \"GBP\", gte: \"50.00\" }", &[60]),
        ("cost: { currencyCode: \"EUR\" }", &[]),
        ("not: { cost: { currencyCode: \"GBP\" } }", &[40]),
        ("sku: { eq: \"cup\" }, urgencyDays: { eq: 16 }", &[60]),
        ("sku: { eq: \"cup\" }, urgencyDays: { lte: 15 }", &[]),
        ("sku: { eq: \"cup\" }, confidence: { gte: 0.8, lte: 0.8 }", &[60]),
        ("sku: { eq: \"cup\" }, confidence: { gte: 0.81 }", &[]),
        ("dueOn: { gte: \"2000-01-01\" }, kind: [PURCHASE]", &[24, 60]),
        ("dueOn: { lt: \"2000-01-01\" }", &[]),
        ("or: [{ kind: [TRANSFER] }, { sku: { startsWith: \"C\" } }]", &[40, 60]),
        ("not: { or: [{ kind: [TRANSFER] }, { categoryTree: { key: [\"planned-kitchen\"] } }] }", &[24]),
        ("and: [{ product: { key: [\"MUG\"] } }, { kind: [PURCHASE] }]", &[24]),
        ("or: []", &[]),
        ("status: [OPEN], issue: [STALE]", &[]),
    ];
    for (filter, expected) in cases {
        let arguments = format!("filter: {{ {filter} }}, sort: {{ field: QUANTITY }}");
        assert_eq!(planned.kept(&arguments).await, expected, "{filter}");
        assert_eq!(planned.tried(&arguments).await, expected, "{filter}, of a dry run");
    }
    // A supplier who has become another one is found as that one.
    let office = &planned.desk.books.office;
    let payload = office
        .mutate("supplierCreate", "SupplierCreateInput", "supplier { id }", json!({ "code": "KILN", "name": "Kiln" }))
        .await;
    let kiln = accepted(&payload, "supplier")["id"].clone();
    let input = json!({ "idempotencyKey": key(), "id": office.supplier["id"], "intoId": kiln });
    accepted(&office.mutate("supplierMerge", "SupplierMergeInput", "supplier { id }", input).await, "supplier");
    let arguments = format!("filter: {{ supplier: {{ eq: {kiln} }} }}, sort: {{ field: QUANTITY }}");
    assert_eq!(planned.kept(&arguments).await, [24, 60]);
}

async fn lines_are_sorted_and_paged_by_what_they_cost(world: &World) {
    let planned = Planned::of(world).await;
    for (sort, expected) in [
        ("{ field: QUANTITY, direction: DESC }", [60, 40, 24]),
        ("{ field: COST, direction: DESC }", [60, 24, 40]),
        ("{ field: COST, direction: ASC }", [40, 24, 60]),
    ] {
        let arguments = format!("sort: {sort}");
        assert_eq!(planned.kept(&arguments).await, expected, "{sort}");
        assert_eq!(planned.tried(&arguments).await, expected, "{sort}, of a dry run");
        let (mut found, mut after) = (Vec::new(), Value::Null);
        for _ in expected {
            let page = planned.answer(&planned.desk.books.office, &format!("{arguments}, first: 1, after: {after}")).await;
            let edges = &page["data"]["replenishmentPlan"]["lines"]["edges"];
            found.extend(quantities(edges, &page));
            after = edges[0]["cursor"].clone();
        }
        assert_eq!(found, expected, "{sort} in pages of one");
    }
    // By default the most urgent line comes first, as before other sort orders existed.
    assert_eq!(planned.kept("first: 250").await, planned.kept("sort: { field: URGENCY }").await);
}

async fn a_filter_shows_a_buyer_nothing_more(world: &World) {
    let planned = Planned::of(world).await;
    let buyer = planned.desk.as_buyer(&planned.annex);
    for filter in ["not: { sku: { eq: \"NONE\" } }", "or: [{ kind: [PURCHASE] }, { kind: [TRANSFER] }]"] {
        let answer = planned.answer(&buyer, &format!("filter: {{ {filter} }}")).await;
        let lines = &answer["data"]["replenishmentPlan"]["lines"];
        assert_eq!(quantities(&lines["edges"], &answer), [40], "of the annex: {filter}");
        assert_eq!(lines["totalCount"]["count"], 1, "{filter}");
    }
    for (arguments, place) in [
        ("sort: { field: COST }", json!(["sort"])),
        ("filter: { not: { cost: { currencyCode: \"GBP\", lte: \"1.00\" } } }", json!(["filter", "not", "cost"])),
    ] {
        let answer = planned.answer(&buyer, arguments).await;
        let [code, permission, field] = ["code", "permission", "field"].map(|name| &answer["errors"][0][name]);
        let expected = (&json!("FORBIDDEN"), &json!("product.cost.read"), &place);
        assert_eq!((code, permission, field), expected, "{arguments}: {answer:#}");
    }
    let clerk = planned.desk.books.office.as_caller(world.ours.owner_with(&["purchase.read"]));
    for (filter, place) in [
        ("search: \"cup\"", json!(["filter", "search"])),
        ("or: [{ categoryTree: { eq: \"cat_00000000000000000000000001\" } }]", json!(["filter", "or", "0", "categoryTree"])),
    ] {
        let answer = planned.answer(&clerk, &format!("filter: {{ {filter} }}")).await;
        let [permission, field] = ["permission", "field"].map(|name| &answer["errors"][0][name]);
        assert_eq!((permission, field), (&json!("product.read"), &place), "{filter}: {answer:#}");
    }
    let turned = "filter: { not: { cost: { currencyCode: \"GBP\", gte: \"5.00\", lte: \"4.00\" } } }";
    let answer = planned.answer(&planned.desk.books.office, turned).await;
    let [code, field] = ["code", "field"].map(|name| &answer["errors"][0][name]);
    assert_eq!((code, field), (&json!("BAD_USER_INPUT"), &json!(["filter", "not", "cost", "lte"])), "{answer:#}");
}
