//! Buying in another currency: rates entered by hand and from a file, and goods that enter the books at the rate of their day.

use entrepot::{costing::shell::catch_up, insight::verify::verify_transaction};
use serde_json::{Value, json};

use super::office::{Office, RATE, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    goods_bought_in_euros_enter_the_books_in_pounds,
    each_receipt_has_the_rate_of_its_own_day,
    charges_are_converted_apart_and_shared_to_the_penny,
    a_receipt_without_a_rate_is_refused_and_goes_through_with_the_same_key,
    a_rate_is_corrected_and_what_was_received_stays,
    a_rate_that_cannot_be_is_refused,
    a_file_of_the_central_bank_is_entered_once,
    files_as_the_central_bank_publishes_them_are_entered,
    a_rate_that_is_agreed_holds_for_the_receipts,
    who_may_see_rates_enters_none,
);

impl Office<'_> {
    /// An order of ten units at `cost` each, in euros.
    async fn in_euros(&self, product: &Value, cost: &str, extra: Value) -> Value {
        let line = json!({ "product": product, "quantity": 10, "unitCost": { "amount": cost, "currencyCode": "EUR" } });
        let mut input = json!({ "currencyCode": "EUR", "lines": [line] });
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.ordered(input).await
    }

    async fn receive_on(&self, order: &Value, quantity: i64, at: &str, key: &str) -> Value {
        let lines = json!([{ "purchaseOrderLineId": order["lines"][0]["id"], "quantity": quantity }]);
        let input = json!({ "idempotencyKey": key, "id": order["id"], "occurredAt": at, "lines": lines });
        let fields = "purchaseOrder { status receipts { rate { fromCode toCode numerator denominator day source }
            lines { landedTotal { amount currencyCode } bookValue { amount currencyCode } } } }";
        self.mutate("purchaseOrderReceive", "PurchaseOrderReceiveInput", fields, input).await
    }

    /// Units in the books, and their value.
    async fn in_books(&self, product: &Value) -> Value {
        catch_up(&self.world.node.db, self.caller.tenant, 50).await.unwrap();
        let query = "query($p: ProductRef!) { productCost(product: $p) { quantity fifoValue { amount currencyCode } } }";
        self.execute(query, json!({ "p": product })).await["data"]["productCost"].clone()
    }

    async fn rate_on(&self, from: &str, to: &str, day: &str) -> Value {
        let query = "query($from: CurrencyCode!, $to: CurrencyCode!, $on: Date!) { exchangeRate(from: $from, to: $to, on: $on) { numerator denominator day source } }";
        self.execute(query, json!({ "from": from, "to": to, "on": day })).await["data"]["exchangeRate"].clone()
    }
}

/// The receipts of an answer: the value in the books of each line.
fn book_values(answer: &Value) -> Vec<String> {
    let receipts = accepted(answer, "purchaseOrder")["receipts"].as_array().unwrap().clone();
    let lines = receipts.iter().flat_map(|receipt| receipt["lines"].as_array().unwrap().clone());
    lines
        .map(|line| {
            format!("{} {}", line["bookValue"]["amount"].as_str().unwrap(), line["bookValue"]["currencyCode"].as_str().unwrap())
        })
        .collect()
}

async fn goods_bought_in_euros_enter_the_books_in_pounds(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    // Friday's rate on a Sunday.
    accepted(&office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    let order = office.in_euros(&mug, "3.00", json!({})).await;
    let received = office.receive_on(&order, 10, "2020-11-01T12:00:00Z", &key()).await;
    assert_eq!(book_values(&received), ["25.28 GBP"], "30.00 EUR × 0.8425 = 25.275");
    let receipt = &accepted(&received, "purchaseOrder")["receipts"][0];
    let rate = json!({ "fromCode": "EUR", "toCode": "GBP", "numerator": "0.8425", "denominator": "1", "day": "2020-10-30", "source": "ECB" });
    assert_eq!(receipt["rate"], rate);
    assert_eq!(receipt["lines"][0]["landedTotal"], json!({ "amount": "30.00", "currencyCode": "EUR" }));
    office.is_sound().await;
    assert_eq!(office.in_books(&mug).await, json!({ "quantity": 10, "fifoValue": gbp("25.28") }));
    // A rate other than the one of the valuation.
    let work = world.node.db.global().maintenance_for(office.caller.tenant).await.unwrap();
    let sql = "UPDATE goods_receipt SET rate_numerator = '0.9' WHERE tenant_id = $1 AND rate_numerator = '0.8425'";
    assert!(work.execute(sql, vec![]).await.unwrap() > 0);
    let (work, report) = verify_transaction(&world.node.db, work, |_| {}).await.unwrap();
    work.rollback().await.unwrap();
    let found: Vec<_> = report.broken_lines().map(|line| line.invariant).collect();
    for named in ["goods receipt: its value in", "rate: one that a document froze"] {
        assert!(found.iter().any(|name| name.starts_with(named)), "{named}: {report}");
    }
}

async fn each_receipt_has_the_rate_of_its_own_day(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    accepted(&office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    accepted(&office.rate("GBP", "0.8500", "2020-11-09").await, "exchangeRate");
    let order = office.in_euros(&mug, "3.00", json!({})).await;
    office.receive_on(&order, 3, "2020-11-01T12:00:00Z", &key()).await;
    let second = office.receive_on(&order, 7, "2020-11-10T12:00:00Z", &key()).await;
    assert_eq!(book_values(&second), ["7.58 GBP", "17.85 GBP"]);
    office.is_sound().await;
}

async fn charges_are_converted_apart_and_shared_to_the_penny(world: &World) {
    let office = Office::of(world).await;
    let (mug, plate) = (office.product("MUG", "2.00").await, office.product("PLATE", "2.00").await);
    accepted(&office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    let euros = |amount: &str| json!({ "amount": amount, "currencyCode": "EUR" });
    let lines = json!([{ "product": mug, "quantity": 10, "unitCost": euros("3.00") }, { "product": plate, "quantity": 10, "unitCost": euros("7.00") }]);
    let charges = json!([{ "kind": "FREIGHT", "basis": "VALUE", "name": "Lorry", "amount": euros("10.00") }]);
    let order = office.ordered(json!({ "currencyCode": "EUR", "lines": lines, "charges": charges })).await;
    let input = json!({ "idempotencyKey": key(), "id": order["id"], "occurredAt": "2020-11-01T12:00:00Z" });
    let received = office
        .mutate(
            "purchaseOrderReceive",
            "PurchaseOrderReceiveInput",
            "purchaseOrder { receipts { lines { bookValue { amount currencyCode } } } }",
            input,
        )
        .await;
    // Goods 84.25 → 25.28 + 58.97; freight 8.43 (8.425) → 2.53 + 5.90.
    assert_eq!(book_values(&received), ["27.81 GBP", "64.87 GBP"]);
    office.is_sound().await;
}

async fn a_receipt_without_a_rate_is_refused_and_goes_through_with_the_same_key(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    accepted(&office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    let order = office.in_euros(&mug, "3.00", json!({})).await;
    let key = key();
    let payload = office.receive_on(&order, 10, "2020-11-12T12:00:00Z", &key).await;
    refused(&payload, "RATE_MISSING", "input.id");
    let message = payload["userErrors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("EUR → GBP") && message.contains("2020-11-12") && message.contains("exchangeRateSet"), "{message}");
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10], "nothing was taken in");
    accepted(&office.rate("GBP", "0.9", "2020-11-11").await, "exchangeRate");
    assert_eq!(book_values(&office.receive_on(&order, 10, "2020-11-12T12:00:00Z", &key).await), ["27.00 GBP"]);
    office.is_sound().await;
}

async fn a_rate_is_corrected_and_what_was_received_stays(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let first = office.rate("GBP", "0.8425", "2020-10-30").await;
    let first = accepted(&first, "exchangeRate").clone();
    let order = office.in_euros(&mug, "3.00", json!({})).await;
    office.receive_on(&order, 4, "2020-10-31T12:00:00Z", &key()).await;
    let second = office.rate("GBP", "0.9", "2020-10-30").await;
    let second = accepted(&second, "exchangeRate").clone();
    let same = office.rate("GBP", "0.9", "2020-10-30").await;
    assert_eq!(
        (&accepted(&same, "exchangeRate")["id"], &same["seq"]),
        (&second["id"], &Value::Null),
        "the same rate again changes nothing"
    );
    let all = office
        .execute("{ exchangeRates(base: \"EUR\", quote: \"GBP\") { nodes { id rate replacedBy { id } } } }", json!({}))
        .await;
    let rates = all["data"]["exchangeRates"]["nodes"].as_array().unwrap();
    let found = rates.iter().find(|rate| rate["id"] == first["id"]).unwrap();
    assert_eq!(found["replacedBy"]["id"], second["id"]);
    are_found(&office, [&first["id"], &second["id"]]).await;
    let received = office.receive_on(&order, 6, "2020-10-31T12:00:00Z", &key()).await;
    assert_eq!(book_values(&received), ["10.11 GBP", "16.20 GBP"], "the first receipt keeps its rate");
    office.is_sound().await;
}

/// Finds a rate of a day and its correction by filters.
async fn are_found(office: &Office<'_>, rates: [&Value; 2]) {
    let query = "query($f: ExchangeRateFilter) { exchangeRates(filter: $f, first: 250) { nodes { id } totalCount { count } } }";
    for (filter, expected) in [
        (json!({ "baseCode": ["EUR"], "quoteCode": ["GBP", "USD"] }), [true, true]),
        (json!({ "day": { "gte": "2020-10-30", "lt": "2020-10-31" } }), [true, true]),
        (json!({ "day": { "lt": "2020-10-30" } }), [false, false]),
        (json!({ "isReplaced": true }), [true, false]),
        (json!({ "source": { "eq": "ECB" }, "not": { "isReplaced": true } }), [false, true]),
        (json!({ "source": { "eq": "ecb" } }), [false, false]),
        (json!({ "quoteCode": [] }), [false, false]),
        (json!({ "recordedAt": { "lt": "2020-01-01T00:00:00Z" } }), [false, false]),
        (json!({ "or": [{ "id": { "eq": rates[0] } }, { "day": { "gte": "2999-01-01" } }] }), [true, false]),
    ] {
        let answer = office.execute(query, json!({ "f": filter })).await;
        let list = &answer["data"]["exchangeRates"];
        let nodes = list["nodes"].as_array().unwrap_or_else(|| panic!("{filter}: {answer:#}"));
        assert_eq!(rates.map(|rate| nodes.iter().any(|node| node["id"] == *rate)), expected, "{filter}");
        assert_eq!(list["totalCount"]["count"], nodes.len(), "{filter}");
    }
}

async fn a_rate_that_cannot_be_is_refused(world: &World) {
    let office = Office::of(world).await;
    accepted(&office.rate("JPY", "163.55", "2020-10-30").await, "exchangeRate");
    for (quote, rate, day, code, field) in [
        ("GBP", "0", "2020-10-30", "OUT_OF_RANGE", "input.rate"),
        ("GBP", "-1", "2020-10-30", "OUT_OF_RANGE", "input.rate"),
        ("GBP", "1e3", "2020-10-30", "OUT_OF_RANGE", "input.rate"),
        ("GBP", "0.8425", "2999-01-01", "OUT_OF_RANGE", "input.day"),
        ("EUR", "1", "2020-10-30", "INVALID", "input.quoteCode"),
        ("QQQ", "1", "2020-10-30", "INVALID", "input.quoteCode"),
        ("JPY", "0.0061143", "2020-11-02", "OUT_OF_RANGE", "input.rate"),
    ] {
        refused(&office.rate(quote, rate, day).await, code, field);
    }
    let input = json!({ "idempotencyKey": key(), "baseCode": "EUR", "quoteCode": "JPY", "rate": "400", "day": "2020-11-02", "source": "ECB", "unusual": true });
    accepted(&office.mutate("exchangeRateSet", "ExchangeRateSetInput", RATE, input).await, "exchangeRate");
    assert_eq!(office.rate_on("EUR", "JPY", "2020-11-03").await["numerator"], "400");
    let mut input = json!({ "idempotencyKey": key(), "baseCode": "JPY", "quoteCode": "EUR", "rate": "400", "day": "2020-11-02", "source": "BANK" });
    let message = refused(
        &office.mutate("exchangeRateSet", "ExchangeRateSetInput", RATE, input.clone()).await,
        "OUT_OF_RANGE",
        "input.rate",
    );
    assert!(message.contains("1 / 400"), "{message}");
    input["rate"] = json!("0.0025");
    accepted(&office.mutate("exchangeRateSet", "ExchangeRateSetInput", RATE, input).await, "exchangeRate");
}

async fn a_file_of_the_central_bank_is_entered_once(world: &World) {
    let office = Office::of(world).await;
    let file = "Date,USD,JPY,GBP,CYP,\n2020-10-30,1.0842,163.55,0.8425,N/A,\n2020-10-29,1.0830,,0.8420,N/A,\n";
    let fields = "exchangeRates { quoteCode rate day } created unchanged skipped";
    let import = async |content: &str, key: &str| {
        let input = json!({ "idempotencyKey": key, "ecbCsv": content });
        office.mutate("exchangeRatesImport", "ExchangeRatesImportInput", fields, input).await
    };
    let once = key();
    let first = import(file, &once).await;
    assert_eq!((&first["created"], &first["unchanged"], &first["skipped"]), (&json!(5), &json!(0), &json!(3)), "{first}");
    assert_eq!(import(file, &once).await["replayed"], true);
    let again = import(file, &key()).await;
    assert_eq!((&again["created"], &again["unchanged"], &again["seq"]), (&json!(0), &json!(5), &Value::Null));
    let rate = json!({ "numerator": "0.8425", "denominator": "1.0842", "day": "2020-10-30", "source": "ECB" });
    assert_eq!(office.rate_on("USD", "GBP", "2020-11-01").await, rate);
    let inverted = "Date,USD,JPY\n2020-11-02,1.09,0.0061\n";
    let refusal = import(inverted, &key()).await;
    refused(&refusal, "OUT_OF_RANGE", "input.ecbCsv");
    assert!(refusal["userErrors"][0]["message"].as_str().unwrap().starts_with("JPY of 2020-11-02"), "{refusal}");
    let both = import("Date,USD,JPY\n2020-11-02,109,0.0061\n", &key()).await;
    let messages: Vec<&str> = both["userErrors"].as_array().unwrap().iter().filter_map(|one| one["message"].as_str()).collect();
    assert!(matches!(messages.as_slice(), [usd, jpy] if usd.starts_with("USD of") && jpy.starts_with("JPY of")), "{both}");
    refused(&import("Currency,Rate\nUSD,1\n", &key()).await, "INVALID", "input.ecbCsv");
    // The same days as XML, with one more currency.
    let sent = async |mut input: Value| {
        input["idempotencyKey"] = json!(key());
        office.mutate("exchangeRatesImport", "ExchangeRatesImportInput", fields, input).await
    };
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gesmes:Envelope xmlns:gesmes=\"http://www.gesmes.org/xml/2002-08-01\" \
        xmlns=\"http://www.ecb.int/vocabulary/2002-08-01/eurofxref\"><Cube><Cube time=\"2020-10-30\"><Cube currency=\"USD\" rate=\"1.0842\"/>\
        <Cube currency=\"CHF\" rate=\"1.0698\"/></Cube><Cube time=\"2020-10-29\"><Cube currency=\"USD\" rate=\"1.0830\"/></Cube></Cube></gesmes:Envelope>";
    let cut = &xml[..xml.find("<Cube time=\"2020-10-29\"").unwrap()];
    refused(&sent(json!({ "ecbXml": cut })).await, "INVALID", "input.ecbXml");
    refused(&sent(json!({ "ecbXml": xml, "ecbCsv": file })).await, "INVALID", "input.ecbXml");
    refused(&sent(json!({})).await, "REQUIRED", "input.ecbCsv");
    assert_eq!(office.rate_on("EUR", "CHF", "2020-10-31").await, Value::Null, "nothing of a file that is cut");
    let read = sent(json!({ "ecbXml": xml })).await;
    assert_eq!((&read["created"], &read["unchanged"]), (&json!(1), &json!(2)), "{read}");
    let rate = json!({ "numerator": "0.8425", "denominator": "1.0698", "day": "2020-10-30", "source": "ECB" });
    assert_eq!(office.rate_on("CHF", "GBP", "2020-10-31").await, rate, "a franc in pounds, through the euro");
    assert_eq!(office.rate_on("EUR", "USD", "2020-11-02").await["numerator"], "1.0842", "all or none");
}

/// Files as the European Central Bank publishes them: `rates/README.md`.
const QUARTER: &str = include_str!("rates/quarter.csv");
const DAY: &str = include_str!("rates/day.csv");
const DAY_OF_2022: &str = include_str!("rates/day.xml");

/// The cell of the history, or none where it has no figure.
fn published(currency: &str, day: &str) -> Option<&'static str> {
    let column = QUARTER.lines().next()?.split(',').position(|name| name == currency)?;
    let row = QUARTER.lines().find(|row| row.starts_with(day))?;
    row.split(',').nth(column).filter(|cell| *cell != "N/A")
}

async fn files_as_the_central_bank_publishes_them_are_entered(world: &World) {
    let office = Office::of(world).await;
    let import = async |mut input: Value| {
        input["idempotencyKey"] = json!(key());
        let fields = "exchangeRates { quoteCode rate day } created unchanged skipped";
        office.mutate("exchangeRatesImport", "ExchangeRatesImportInput", fields, input).await
    };
    let counts = |answer: &Value| ["created", "unchanged", "skipped"].map(|name| answer[name].as_i64().unwrap());
    let history = import(json!({ "ecbCsv": QUARTER })).await;
    assert_eq!(counts(&history), [67 * 29, 0, 67 * 12], "with 31 rates of the lev, which ended with the year: {history}");
    for (currency, day) in [("USD", "2025-11-17"), ("JPY", "2025-12-31"), ("GBP", "2026-01-02"), ("ZAR", "2026-02-20")] {
        assert_eq!(
            office.rate_on("EUR", currency, day).await["numerator"].as_str(),
            published(currency, day),
            "{currency} of {day}"
        );
    }
    assert!(published("BGN", "2025-12-31").is_some() && published("BGN", "2026-01-02").is_none());
    let sunday = office.rate_on("USD", "CHF", "2026-02-15").await;
    let (dollar, franc) = (published("USD", "2026-02-13"), published("CHF", "2026-02-13"));
    assert_eq!(
        (sunday["numerator"].as_str(), sunday["denominator"].as_str(), &sunday["day"]),
        (franc, dollar, &json!("2026-02-13"))
    );
    // The daily file writes 0.87280 where the history has 0.8728.
    assert_eq!(counts(&import(json!({ "ecbCsv": DAY })).await), [0, 29, 0]);
    let refusal = import(json!({ "ecbXml": DAY_OF_2022 })).await;
    let message = refused(&refusal, "OUT_OF_RANGE", "input.ecbXml");
    assert!(message.starts_with("TRY of 2022-07-08"), "the lira has lost more than half since: {message}");
    let earlier = import(json!({ "ecbXml": DAY_OF_2022, "unusual": true })).await;
    assert_eq!(counts(&earlier), [29, 0, 2], "without the lev and the kuna: {earlier}");
    for (currency, rate) in [("USD", "1.0163"), ("PLN", "4.7630"), ("TRY", "17.6026"), ("ZAR", "17.1922")] {
        assert!(DAY_OF_2022.contains(&format!("<Cube currency='{currency}' rate='{rate}'/>")));
        assert_eq!(office.rate_on("EUR", currency, "2022-07-09").await["numerator"], rate, "{currency}");
    }
}

async fn a_rate_that_is_agreed_holds_for_the_receipts(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    // No day has a rate, and none is needed.
    let order = office.in_euros(&mug, "3.00", json!({ "fixedRate": "0.8600" })).await;
    assert_eq!(book_values(&office.receive_on(&order, 4, "2020-11-12T12:00:00Z", &key()).await), ["10.32 GBP"]);
    accepted(&office.rate("GBP", "0.8425", "2020-11-12").await, "exchangeRate");
    let received = office.receive_on(&order, 6, "2020-11-13T12:00:00Z", &key()).await;
    assert_eq!(book_values(&received), ["10.32 GBP", "15.48 GBP"], "25.80 in all, whatever the day's rate is");
    let rate = json!({ "fromCode": "EUR", "toCode": "GBP", "numerator": "0.8600", "denominator": "1", "day": "2020-11-12", "source": "PURCHASE_ORDER" });
    assert_eq!(accepted(&received, "purchaseOrder")["receipts"][0]["rate"], rate);
    office.is_sound().await;
    let yesterday = world.node.clock.now().plus_seconds(-86_400);
    let day = entrepot::clock::day_text(entrepot::clock::local_day(yesterday, "UTC"));
    accepted(&office.rate("GBP", "0.8425", &day).await, "exchangeRate");
    let draft = async |code: &str, rate: &str| {
        let lines = json!([{ "product": mug, "quantity": 1, "unitCost": { "amount": "3.00", "currencyCode": code } }]);
        let input = json!({ "supplier": office.supplier, "store": office.store, "currencyCode": code, "lines": lines, "fixedRate": rate });
        office.buy("purchaseOrderCreate", input).await
    };
    for (code, rate, refusal) in [("EUR", "0", "OUT_OF_RANGE"), ("EUR", "1.9", "OUT_OF_RANGE"), ("GBP", "1", "INVALID")] {
        refused(&draft(code, rate).await, refusal, "input.fixedRate");
    }
    let seen = async |order: &Value| {
        let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { fixedRate } }";
        office.execute(query, json!({ "id": order["id"] })).await["data"]["purchaseOrder"]["fixedRate"].clone()
    };
    let order = accepted(&draft("EUR", "0.86").await, "purchaseOrder").clone();
    assert_eq!(seen(&order).await, "0.86");
    let other = json!({ "id": order["id"], "note": "soon" });
    accepted(&office.buy("purchaseOrderUpdate", other).await, "purchaseOrder");
    assert_eq!(seen(&order).await, "0.86", "what is left out stays");
    accepted(&office.buy("purchaseOrderUpdate", json!({ "id": order["id"], "fixedRate": null })).await, "purchaseOrder");
    assert_eq!(seen(&order).await, Value::Null);
}

async fn who_may_see_rates_enters_none(world: &World) {
    let office = Office::of(world).await;
    accepted(&office.rate("GBP", "0.8425", "2020-10-30").await, "exchangeRate");
    let reader = office.as_caller(world.ours.owner_with(&["rate.read"]));
    assert_eq!(reader.rate_on("EUR", "GBP", "2020-10-31").await["numerator"], "0.8425");
    let input = json!({ "idempotencyKey": key(), "baseCode": "EUR", "quoteCode": "GBP", "rate": "0.9", "day": "2020-10-30", "source": "ECB" });
    let query = "mutation($input: ExchangeRateSetInput!) { exchangeRateSet(input: $input) { userErrors { code } } }";
    let refused = reader.execute(query, json!({ "input": input })).await;
    assert_eq!(refused["errors"][0]["code"], "FORBIDDEN", "{refused}");
    // Rates of one tenant are invisible to others.
    let query = "{ exchangeRates { nodes { source } } }";
    let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &json!({})).await;
    assert!(answer["errors"].is_null() && !answer.to_string().contains("ECB"), "{answer}");
}
