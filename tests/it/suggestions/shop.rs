//! A shop of mugs and lamps: short words for what its buyers do.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
};

pub const SUGGESTIONS: &str = "query($filter: ProductSuggestionFilter, $first: Int, $after: Cursor) {
    productCategorySuggestions(filter: $filter, first: $first, after: $after) { status isPartial pageInfo { hasNextPage endCursor }
        nodes { product { id } isConfident categories { category { id name } confidence reasons { text part share } } } } }";
pub const MODEL: &str = "{ productTextModel { status productCount classes classesLeftOut heldOut accuracyTop1 accuracyTop3 calibrationError baseline isPartial } }";
pub const DUPLICATES: &str =
    "{ productDuplicates { status isPartial nodes { first { id name } second { id name } score reasons { kind words } } } }";
pub const CLEANUPS: &str =
    "{ productNameCleanups { status isPartial nodes { product { id } name proposed changes { rule before after } } } }";
pub const ACCEPT: &str = "mutation($input: ProductTextAcceptInput!, $validateOnly: Boolean! = false) {
    productTextAccept(input: $input, validateOnly: $validateOnly) {
        products { id name version category { name } } userErrors { code message field } replayed seq } }";
pub const REFUSE: &str = "mutation($input: ProductSuggestionRefuseInput!) {
    productSuggestionRefuse(input: $input) { userErrors { code message field } replayed seq } }";

/// Patterns that both mugs and lamps have.
const PATTERNS: [&str; 12] =
    ["owl", "fern", "harbour", "thistle", "canyon", "orchard", "meadow", "acorn", "puffin", "bramble", "cottage", "sailor"];

static SKUS: AtomicU32 = AtomicU32::new(0);

pub struct Shop<'w> {
    pub office: Office<'w>,
    /// IDs of categories.
    pub mugs: Value,
    pub lamps: Value,
}

impl<'w> Shop<'w> {
    /// Two categories without products.
    pub async fn of(world: &'w World) -> Self {
        let office = Office::of(world).await;
        let category = async |name: &str| {
            let payload =
                office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", json!({ "name": name })).await;
            accepted(&payload, "category")["id"].clone()
        };
        let (mugs, lamps) = (category("Mugs").await, category("Lamps").await);
        Self { office, mugs, lamps }
    }

    pub async fn with_mugs_and_lamps(world: &'w World) -> Self {
        let shop = Self::of(world).await;
        shop.stock("mug", &shop.mugs).await;
        shop.stock("lamp", &shop.lamps).await;
        shop
    }

    /// Twelve products of a category.
    pub async fn stock(&self, noun: &str, category: &Value) {
        for pattern in PATTERNS {
            self.product(&format!("{pattern} {noun}"), Some(category)).await;
        }
    }

    /// Twelve products with tags.
    pub async fn stock_tagged(&self, noun: &str, tags: &[&str]) {
        for pattern in PATTERNS {
            self.create(json!({ "name": format!("{pattern} {noun}"), "tags": tags })).await;
        }
    }

    pub async fn product(&self, name: &str, category: Option<&Value>) -> Value {
        let mut input = json!({ "name": name });
        if let Some(category) = category {
            input["categoryId"] = category.clone();
        }
        self.create(input).await
    }

    async fn create(&self, mut input: Value) -> Value {
        input["sku"] = json!(format!("SKU-{}", SKUS.fetch_add(1, Ordering::Relaxed)));
        let payload = self.office.mutate("productCreate", "ProductCreateInput", "product { id version }", input).await;
        accepted(&payload, "product").clone()
    }

    pub async fn archive(&self, product: &Value) {
        let input = json!({ "id": product["id"], "expectedVersion": 1 });
        let payload = self.office.mutate("productArchive", "ProductArchiveInput", "product { id }", input).await;
        accepted(&payload, "product");
    }

    /// Returns the fields of the product with this name.
    pub async fn named(&self, name: &str) -> Value {
        let query = "query($name: String!) { products(filter: { name: { eq: $name } }) { nodes { id sku name version category { name } } } }";
        let found = self.execute(query, json!({ "name": name })).await["products"]["nodes"].as_array().unwrap().clone();
        assert_eq!(found.len(), 1, "{name}: {found:#?}");
        found[0].clone()
    }

    pub async fn execute(&self, query: &str, variables: Value) -> Value {
        let answer = self.office.execute(query, variables).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].clone()
    }

    /// The suggestions for one product.
    pub async fn suggestions(&self, product: &Value) -> Value {
        let filter = json!({ "products": [{ "id": product["id"] }] });
        self.execute(SUGGESTIONS, json!({ "filter": filter })).await["productCategorySuggestions"].clone()
    }

    pub async fn accept(&self, input: &Value, validates_only: bool) -> Value {
        self.execute(ACCEPT, json!({ "input": input, "validateOnly": validates_only })).await["productTextAccept"].clone()
    }

    pub async fn refuse(&self, product: &Value, category: &Value) -> Value {
        let input = json!({ "productId": product, "categoryId": category });
        self.execute(REFUSE, json!({ "input": input })).await["productSuggestionRefuse"].clone()
    }

    /// Refuses several suggestions at once.
    pub async fn refuse_all(&self, suggestions: Value) -> Value {
        let input = json!({ "suggestions": suggestions });
        self.execute(REFUSE, json!({ "input": input })).await["productSuggestionRefuse"].clone()
    }

    /// Gives a product that was never changed another name.
    pub async fn rename(&self, product: &Value, name: &str) {
        let names = json!([{ "productId": product["id"], "name": name, "expectedVersion": 1 }]);
        accepted(&self.accept(&json!({ "idempotencyKey": key(), "names": names }), false).await, "products");
    }
}

/// A field of each object of a list.
pub fn texts(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}
