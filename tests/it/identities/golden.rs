//! Golden files: digests of mutations' inputs, names of filters, and cursors of all lists. A
//! failure here would affect clients of the last release: IDEMPOTENCY_KEY_REUSED in answer to a
//! genuine retry, or cursors that are not accepted any more. New mutations are added by a run with
//! ENTREPOT_GOLDEN=write; existing lines are never changed.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_graphql::{
    Request, Schema, ServerResult, Value as Sent, Variables,
    extensions::{Extension, ExtensionContext, ExtensionFactory, NextPrepareRequest},
    registry::{MetaType, Registry},
};
use entity::prelude::{OrderStatus, StockStatus, StoreId, Timestamp};
use entrepot::{
    alerts::rows::Test,
    catalog::rows::filter as products,
    graphql::canonical::{self, Canonical, INPUTS_CLEARED_BY_NULL, filter_name},
    orders::rows as orders,
    schema::{Mutation, Query, Subscription},
    stock::rows::list::LevelFilter,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::tidy::sources;

/// Runs something on the schema's registry.
pub async fn with_registry<T: Send + 'static>(look: impl Fn(&Registry) -> T + Send + Sync + 'static) -> T {
    struct Look(Arc<dyn Fn(&Registry) + Send + Sync>);
    impl ExtensionFactory for Look {
        fn create(&self) -> Arc<dyn Extension> {
            Arc::new(Self(self.0.clone()))
        }
    }
    #[async_trait::async_trait]
    impl Extension for Look {
        async fn prepare_request(
            &self,
            ctx: &ExtensionContext<'_>,
            request: Request,
            next: NextPrepareRequest<'_>,
        ) -> ServerResult<Request> {
            (self.0)(&ctx.schema_env.registry);
            next.run(ctx, request).await
        }
    }
    let found = Arc::new(Mutex::new(None));
    let hand = found.clone();
    let look = Look(Arc::new(move |registry| *hand.lock().unwrap() = Some(look(registry))));
    let schema = Schema::build(Query::default(), Mutation::default(), Subscription::default()).extension(look).finish();
    schema.execute("{ __typename }").await;
    let found = found.lock().unwrap().take();
    found.unwrap()
}

fn sent(input: &Value) -> Sent {
    Variables::from_json(json!({ "input": input })).remove("input").unwrap()
}

fn hex(digest: [u8; 32]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(registry: &Registry, mutation: &str, input: &Value) -> Option<String> {
    canonical::digest(registry, mutation, &[("input", Cow::Owned(sent(input)))]).map(hex)
}

/// Returns the digest of a mutation that takes its key beside its other arguments: the case has
/// them all.
fn digest_of_arguments(registry: &Registry, mutation: &str, arguments: &Value) -> Option<String> {
    let members = arguments.as_object().unwrap().iter();
    let arguments: Vec<(&str, Cow<'_, Sent>)> = members.map(|(name, value)| (name.as_str(), Cow::Owned(sent(value)))).collect();
    canonical::digest(registry, mutation, &arguments).map(hex)
}

/// A fixed value of a type, with all fields of an input or only the required ones.
fn sample(registry: &Registry, kind: &str, depth: usize, whole: bool) -> Value {
    let bare = kind.trim_end_matches('!');
    if let Some(inner) = bare.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        return json!([sample(registry, inner, depth, whole)]);
    }
    match registry.types.get(bare) {
        Some(MetaType::InputObject { input_fields, oneof, .. }) => {
            let mut object = serde_json::Map::new();
            for (name, field) in input_fields {
                let is_needed =
                    field.ty.ends_with('!') && field.default_value.is_none() || depth == 0 && name == "idempotencyKey";
                if *oneof && !object.is_empty() || !is_needed && (!whole || depth > 3) && !*oneof {
                    continue;
                }
                object.insert(name.clone(), sample(registry, &field.ty, depth + 1, whole));
            }
            Value::Object(object)
        }
        Some(MetaType::Enum { enum_values, .. }) => json!(enum_values.keys().next().unwrap()),
        _ => match bare {
            "Boolean" => json!(true),
            "Int" | "Long" | "Quantity" => json!(3),
            "Float" => json!(0.5),
            "Date" => json!("2026-11-30"),
            "DateTime" => json!("2026-11-30T08:26:00Z"),
            "Decimal" => json!("1.50"),
            "CurrencyCode" => json!("GBP"),
            "JSON" => json!({ "b": [1, 2.5, null], "a": { "compare": null } }),
            "ID" => json!("prd_01jf3zq7m8e6xv9k2c4b5d7g8h"),
            _ => json!("a \"text\" of ünï\u{1f600}\ncode"),
        },
    }
}

/// Place of a mutation's idempotency key.
enum Form {
    /// An input of this type.
    Input(String),
    /// The arguments themselves.
    Arguments,
}

impl Form {
    fn sample(&self, registry: &Registry, mutation: &str, whole: bool) -> Value {
        match self {
            Self::Input(kind) => sample(registry, kind, 0, whole),
            Self::Arguments => {
                let field = registry.types["Mutation"].field_by_name(mutation).unwrap();
                let taken = field.args.iter().filter(|(name, one)| {
                    let is_needed = one.ty.ends_with('!') && one.default_value.is_none() || *name == "idempotencyKey";
                    *name != "validateOnly" && (whole || is_needed)
                });
                taken
                    .map(|(name, one)| (name.clone(), sample(registry, &one.ty, 1, whole)))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }
        }
    }
    fn digest(&self, registry: &Registry, mutation: &str, case: &Value) -> Option<String> {
        match self {
            Self::Input(_) => digest(registry, mutation, case),
            Self::Arguments => digest_of_arguments(registry, mutation, case),
        }
    }
}

/// The mutations that take an idempotency key, and in what.
fn keyed(registry: &Registry) -> BTreeMap<String, Form> {
    let mutations = registry.types["Mutation"].fields().unwrap();
    let holds = |kind: &str| match registry.types.get(kind.trim_end_matches('!')) {
        Some(MetaType::InputObject { input_fields, .. }) => input_fields.contains_key("idempotencyKey"),
        _ => false,
    };
    let input = |(name, field): (&String, &async_graphql::registry::MetaField)| {
        if field.args.contains_key("idempotencyKey") {
            return Some((name.clone(), Form::Arguments));
        }
        let argument = field.args.values().find(|argument| holds(&argument.ty))?;
        Some((name.clone(), Form::Input(argument.ty.clone())))
    };
    mutations.iter().filter_map(input).collect()
}

#[tokio::test]
async fn the_digests_of_inputs_are_those_of_the_last_release() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/identities/digests.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
    let golden: BTreeMap<String, Vec<(Value, String)>> = serde_json::from_str(&text).unwrap();
    let writes = env::var("ENTREPOT_GOLDEN").as_deref() == Ok("write");
    let found = with_registry(move |registry| {
        let mut all = golden.clone();
        for (mutation, form) in keyed(registry) {
            if writes && !all.contains_key(&mutation) {
                let inputs = [true, false].map(|whole| form.sample(registry, &mutation, whole));
                let digests = inputs.map(|input| (input.clone(), form.digest(registry, &mutation, &input).unwrap()));
                all.insert(mutation.clone(), digests.to_vec());
            }
            let cases = all.get(&mutation).map(Vec::as_slice).unwrap_or_default();
            assert!(
                !cases.is_empty(),
                "{mutation} takes a key and is not in the golden file: run this test with ENTREPOT_GOLDEN=write"
            );
            for (input, kept) in cases {
                let now = form.digest(registry, &mutation, input);
                assert_eq!(now.as_ref(), Some(kept), "a retry of {mutation} across the upgrade would be refused: {input}");
            }
        }
        all
    })
    .await;
    if writes {
        fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&found).unwrap())).unwrap();
    }
    assert!(found.len() >= 77, "{} mutations", found.len());
}

#[tokio::test]
async fn canonical_json_is_written_by_its_rules() {
    let cases = [
        // Keys are sorted; nulls, defaults and version guards are left out, at any depth, but not
        // in the caller's own JSON.
        (
            "productCreate",
            json!({ "idempotencyKey": "k", "sku": "A", "name": "N", "description": null, "stockPolicy": "TRACKED",
                "metadata": { "b": null, "a": 1, "compare": 2, "idempotencyKey": 3 } }),
            r#"{"input":{"metadata":{"a":1,"b":null,"compare":2,"idempotencyKey":3},"name":"N","sku":"A"}}"#,
        ),
        (
            "stockSet",
            json!({ "idempotencyKey": "k", "reasonCode": "CORRECTION",
                "items": { "product": { "sku": "A" }, "store": { "code": "S" }, "onHand": 5.0, "compare": { "expectedOnHand": 4 } } }),
            r#"{"input":{"items":[{"onHand":5,"product":{"sku":"A"},"store":{"code":"S"}}],"reasonCode":"CORRECTION"}}"#,
        ),
        // A dry run of an import is stored under its key, so it is another call than the import.
        (
            "importCreate",
            json!({ "idempotencyKey": "k", "fileId": "fil_1", "entity": "PRODUCTS", "validateOnly": true }),
            r#"{"input":{"entity":"PRODUCTS","fileId":"fil_1","validateOnly":true}}"#,
        ),
        // Null clears here.
        (
            "lotUpdate",
            json!({ "idempotencyKey": "k", "id": "lot_1", "expectedVersion": 3, "expiresOn": null }),
            r#"{"input":{"expiresOn":null,"id":"lot_1"}}"#,
        ),
    ];
    with_registry(move |registry| {
        use sha2::{Digest, Sha256};
        for (mutation, input, canonical) in &cases {
            assert_eq!(
                digest(registry, mutation, input).unwrap(),
                hex(Sha256::digest(canonical).into()),
                "{mutation}: {canonical}"
            );
        }
        assert_eq!(digest(registry, "productCreate", &json!({ "sku": "A", "name": "N" })), None, "without a key nothing is kept");
    })
    .await;
}

#[test]
fn null_clears_where_the_source_says_so() {
    let mut found = BTreeSet::new();
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("InputObject)]\n").skip(1) {
            let body = part.split("\n}").next().unwrap();
            let name = body.split("pub struct ").nth(1).and_then(|rest| rest.split([' ', '<']).next());
            // Filters only select rows, so no digest is made of them.
            let name = name.filter(|name| !name.ends_with("Filter"));
            found.extend(name.filter(|_| body.contains("MaybeUndefined<")).map(str::to_owned));
        }
    }
    assert_eq!(found, INPUTS_CLEARED_BY_NULL.iter().map(|name| (*name).to_owned()).collect());
}

/// `Debug` output changes with names in the source, so stored values of clients must not contain
/// it. The listed files still read values of older releases.
#[test]
fn no_cursor_is_made_of_debug_output() {
    const FORMER: [&str; 3] = ["objects/catalog/product_page.rs", "objects/fulfilment/named.rs", "objects/graphql/canonical.rs"];
    let mut found = BTreeSet::new();
    for (name, path) in sources() {
        let is_face = ["objects/", "trade/", "analysis/", "api/"].iter().any(|face| name.starts_with(face))
            && !name.starts_with("api/schema");
        let lists = is_face || name.starts_with("graphql/live/") || name.split('/').any(|part| part == "rows");
        let text = fs::read_to_string(&path).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap();
        if lists && shipped.lines().any(|line| line.contains("format!(") && line.contains(":?}")) {
            found.insert(name);
        }
    }
    assert_eq!(found, FORMER.map(str::to_owned).into());
}

pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

#[test]
fn the_names_of_filters_are_those_of_the_last_release() {
    let store = StoreId::from_uuid(id(5));
    let level = LevelFilter {
        stores: Some(vec![store]),
        statuses: Some(vec![StockStatus::Low]),
        available: (Some(1), None),
        ..LevelFilter::default()
    };
    let levels = LevelFilter {
        and: vec![level.clone()],
        or: Some(vec![level.clone()]),
        not: Some(Box::new(level)),
        ..LevelFilter::default()
    };
    let span = orders::Span { from: Some(Timestamp(7)), before: None };
    let order = orders::Filter::All(vec![
        orders::Filter::Ids(orders::IdColumn::Store, vec![id(5)]),
        orders::Filter::Any(vec![orders::Filter::Status(vec![OrderStatus::Confirmed]), orders::Filter::PlacedAt(span)]),
        orders::Filter::Not(Box::new(orders::Filter::ExternalRef(orders::TextTest::StartsWith("web-".to_owned())))),
    ]);
    let alerts = vec![Test::Store(vec![store]), Test::Opened { from: Some(Timestamp(7)), before: None }];
    let product = products::Filter::All(vec![
        products::Filter::Text(products::TextColumn::Name, products::TextTest::Contains("mug".to_owned())),
        products::Filter::Search("red mug".to_owned()),
    ]);
    let canonical = |filter: &dyn Canonical| filter.canonical();
    let digests =
        [canonical(&LevelFilter::default()), canonical(&levels), canonical(&order), canonical(&alerts), canonical(&product)];
    free_of_rust(&digests);
    let names = [
        filter_name(&LevelFilter::default()).now,
        filter_name(&levels).now,
        filter_name(&orders::Filter::default()).now,
        filter_name(&order).now,
        filter_name(&Vec::<Test>::new()).now,
        filter_name(&alerts).now,
        filter_name(&product).now,
        filter_name(&None::<Vec<String>>).now,
        filter_name(&Some(vec!["order.*".to_owned()])).now,
    ];
    assert_eq!(names, NAMES, "streams and lists of the last release would begin again");
}

/// Asserts that no canonical filter contains syntax of Rust.
fn free_of_rust(messages: &[Value]) {
    for one in messages {
        let text = one.to_string();
        assert!(!["Some(", "None", "::", "Id("].iter().any(|rust| text.contains(rust)), "{text}");
    }
}

const NAMES: [&str; 9] = [
    "RBNvo1WzZ4oR",
    "G2FlfXY_NxWm",
    "Dss47HsYdeg7",
    "p7eRqRdQgvKo",
    "T1PNoYwrqgwD",
    "In2ZGWG3myL6",
    "urIPlFPzFJNQ",
    "dCNOmK_nSY-1",
    "X0qbWkCf60YG",
];
