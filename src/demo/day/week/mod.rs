//! `entrepot demo --week`: a week of a depot and three shops through the public API, each step by a
//! login that has only the rights of that store or of that work, with calls that are refused.

mod end;
mod people;
mod start;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};
use tools::replay::{
    Client, ReplayError,
    wire::{RequestLabel, request},
};

use crate::demo::{day::values::pounds, error::DemoError, shop::DemoSite, steps::print_step};
use people::{Persona, create_clients};

/// Code, name and kind of each store, in the order of the staff.
const STORES: [(&str, &str, &str); 4] =
    [("DEPOT", "Depot", "WAREHOUSE"), ("LDN", "London", "SHOP"), ("LDS", "Leeds", "SHOP"), ("PAR", "Paris", "SHOP")];
const DEPOT: usize = 0;
const LONDON: usize = 1;
const LEEDS: usize = 2;
const PARIS: usize = 3;
/// Error codes for staff of another store: not permitted, or not found.
const DENIED_CODES: [&str; 2] = ["FORBIDDEN", "NOT_FOUND"];
const ORDER: &str = "order { id number version total { amount } lines { id } }";

/// State of a week. Everything in it carries a word of the run, so that the week can be repeated in
/// the same database.
pub struct Week {
    clients: Vec<Client>,
    word: String,
    today: Date,
    calls: u32,
    stores: Vec<Value>,
    supplier: Value,
    mug: Value,
    lamp: Value,
    /// The ID of the invoice that is credited later.
    invoice: Value,
}

impl Week {
    /// Makes stores, goods and people.
    pub async fn begin(site: &DemoSite<'_>, (owner, word): (&str, String), today: Date) -> Result<Self, DemoError> {
        println!("\nA week, as {word}");
        let clients = vec![Client::new(site.base, owner)?];
        let [supplier, mug, lamp, invoice] = [const { Value::Null }; 4];
        let mut week = Self { clients, word, today, calls: 0, stores: Vec::new(), supplier, mug, lamp, invoice };
        week.open().await?;
        week.clients = create_clients(site, (owner, week.word.as_str()), &week.stores).await?;
        print_step(
            "opens",
            "a depot and shops in London, Leeds and Paris, with a login each; an order desk, a buyer and the accounts",
        );
        Ok(week)
    }

    /// From Monday to Saturday.
    pub async fn run_scenario(mut self) -> Result<(), DemoError> {
        println!(" Monday");
        let sold_order = self.order().await?;
        let (lamp_order, leeds_work) = self.reject().await?;
        self.try_others(&sold_order).await?;
        println!(" Tuesday");
        self.send(&sold_order).await?;
        self.send_from_leeds(&lamp_order, &leeds_work).await?;
        self.collect().await?;
        println!(" Wednesday");
        self.bill(&sold_order).await?;
        println!(" Thursday");
        self.take_back(&sold_order).await?;
        println!(" Friday");
        self.buy().await?;
        self.transfer().await?;
        println!(" Saturday");
        self.count().await?;
        self.close().await
    }

    async fn open(&mut self) -> Result<(), DemoError> {
        let word = self.word.clone();
        for (code, name, kind) in STORES {
            let input = json!({ "code": format!("{word}-{code}"), "name": format!("{name} {word}"), "kind": kind });
            let created = self.call_as(Persona::Owner, ("storeCreate", "StoreCreateInput"), "store { id }", input).await?;
            self.stores.push(json!({ "id": created["store"]["id"] }));
        }
        let input = json!({ "code": format!("{word}-POTTERY"), "name": "Potters & Sons", "leadTimeDays": 5 });
        let created = self.call_as(Persona::Owner, ("supplierCreate", "SupplierCreateInput"), "supplier { id }", input).await?;
        self.supplier = json!({ "id": created["supplier"]["id"] });
        self.mug = self.product("MUG", "Mug, blue", ("8.00", "3.00")).await?;
        self.lamp = self.product("LAMP", "Desk lamp", ("20.00", "9.00")).await?;
        let input = json!({ "code": format!("week-{word}"), "name": "Week & Co. Ltd", "address": ["1 Wharf Lane"], "stores": self.stores,
            "invoicePrefix": format!("W{word}-"), "creditNotePrefix": format!("C{word}-") });
        self.call_as(Persona::Owner, ("legalEntityUpsert", "LegalEntityUpsertInput"), "legalEntity { id }", input).await?;
        let stock_change = |product: &Value, store: usize, delta: i64| json!({ "product": product, "store": self.stores[store], "delta": delta });
        let changes = json!([
            stock_change(&self.mug, DEPOT, 40),
            stock_change(&self.mug, LONDON, 12),
            stock_change(&self.mug, PARIS, 10),
            stock_change(&self.lamp, DEPOT, 10),
            stock_change(&self.lamp, LEEDS, 6),
        ]);
        let input = json!({ "kind": "RECEIPT", "reasonCode": "OPENING", "changes": changes });
        self.call_as(Persona::Owner, ("stockAdjust", "StockAdjustInput"), "movement { id }", input).await?;
        Ok(())
    }

    async fn product(&mut self, code: &str, name: &str, (price, cost): (&str, &str)) -> Result<Value, DemoError> {
        let sku = format!("{}-{code}", self.word);
        let input = json!({ "sku": sku, "name": name, "price": pounds(price), "unitCost": pounds(cost) });
        let created = self.call_as(Persona::Owner, ("productCreate", "ProductCreateInput"), "product { id }", input).await?;
        Ok(json!({ "id": created["product"]["id"] }))
    }

    /// The payload of a person's mutation that takes one input; a refusal ends the week.
    async fn call_as(&mut self, who: Persona, mutation: (&str, &str), fields: &str, input: Value) -> Result<Value, DemoError> {
        let payload = self.try_as(who, mutation, fields, input).await?;
        if payload["userErrors"].as_array().is_none_or(Vec::is_empty) {
            return Ok(payload);
        }
        Err(DemoError::Day(format!("{} was refused {}: {}", who.name(), mutation.0, payload["userErrors"])))
    }

    async fn try_as(
        &mut self,
        who: Persona,
        (mutation, kind): (&str, &str),
        fields: &str,
        mut input: Value,
    ) -> Result<Value, DemoError> {
        self.calls += 1;
        input["idempotencyKey"] = json!(format!("week-{}-{}", self.word, self.calls));
        let query =
            format!("mutation($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} userErrors {{ code message }} }} }}");
        let body = request(&query, json!({ "input": input }))?;
        let mut data: Value = self.clients[who as usize].send_query(&RequestLabel::new("week", mutation), body).await?;
        Ok(data[mutation].take())
    }

    async fn send_query(&self, who: Persona, label: &str, query: &str, variables: Value) -> Result<Value, DemoError> {
        Ok(self.clients[who as usize].send_query(&RequestLabel::new("week", label), request(query, variables)?).await?)
    }

    /// Makes a call that must be refused with one of these codes, and describes the refusal.
    async fn expect_refusal(
        &mut self,
        (who, description): (Persona, &str),
        mutation: (&str, &str),
        input: Value,
        codes: &[&str],
    ) -> Result<(), DemoError> {
        let code = match self.try_as(who, mutation, "", input).await {
            Ok(payload) => payload["userErrors"][0]["code"].as_str().unwrap_or_default().to_owned(),
            Err(DemoError::Replay(ReplayError::Refused(refusal))) => refusal.code,
            Err(other) => return Err(other),
        };
        if !codes.contains(&code.as_str()) {
            return Err(DemoError::Day(format!(
                "{} tried {}: one of {codes:?} was expected, and there is {code:?}",
                who.name(),
                mutation.0
            )));
        }
        print_step("refuses", &format!("{}: {description} ({code})", who.name()));
        Ok(())
    }

    /// Checks the quantities on hand and available of a product in a store.
    async fn check_stock(&self, product: &Value, store: usize, on_hand: i64, available: i64) -> Result<(), DemoError> {
        let query =
            "query($p: ProductRef!, $s: StoreRef!) { availabilityExplanation(product: $p, store: $s) { onHand available } }";
        let variables = json!({ "p": product, "s": self.stores[store] });
        let response = self.send_query(Persona::Owner, "availabilityExplanation", query, variables).await?;
        let response = &response["availabilityExplanation"];
        if response["onHand"] == on_hand && response["available"] == available {
            return Ok(());
        }
        let store_name = STORES[store].1;
        Err(DemoError::Day(format!("{store_name}: {on_hand} on hand and {available} available were expected, found {response}")))
    }

    /// The date `days` days after today.
    fn day(&self, days: i64) -> String {
        self.today.saturating_add(Span::new().days(days)).to_string()
    }
}

fn expect_equal(actual: &Value, expected: &str, subject: &str) -> Result<(), DemoError> {
    if actual == expected {
        return Ok(());
    }
    Err(DemoError::Day(format!("{subject}: {expected} was expected, and there is {actual}")))
}

/// A step of a work, and the type of its input.
fn step(mutation: &str) -> (&str, String) {
    (mutation, format!("F{}Input", &mutation[1..]))
}
