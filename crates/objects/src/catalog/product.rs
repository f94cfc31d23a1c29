//! Products.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use inventory::catalog::core::product::{self, ProductDoc, ProductRow};
use macros::resolvers;

use super::{
    category::Category,
    customer::Supplier,
    direct_json,
    enums::{ProductStatus, StockPolicy, Tracking},
    family::ProductFamily,
    kit::{KitComponent, cost_of},
    loads::catalog_loaders,
    refs::StoreRef,
};
use crate::{
    connection,
    graphql::{
        connection::CountedPage,
        directives::shared,
        fault::Answer,
        scalars::{CurrencyCode, DateTime, Decimal, Json, Long, Quantity},
    },
    media::{ProductDocument, ProductImage, documents_of, images_of},
    stock::{Levels, StockAvailability, availability_of_kit, availability_of_product, levels_of_product},
};

/// An exact amount of money.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(directive = shared::apply())]
pub struct Money {
    /// A decimal number with the currency's decimals.
    pub amount: Decimal,
    /// The currency.
    pub currency_code: CurrencyCode,
}
impl From<entity::prelude::Money> for Money {
    fn from(money: entity::prelude::Money) -> Self {
        Self { amount: Decimal(money.amount()), currency_code: CurrencyCode(money.currency.as_str().to_owned()) }
    }
}

/// Unit in which a product is counted: one kg with 3 decimals is 1000 smallest units. Fixed after
/// the first movement.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(directive = shared::apply())]
pub struct Unit {
    /// Code of the unit, such as each, kg or m.
    pub code: String,
    /// Number of decimals of the unit: one whole unit is 10 to the power of this many smallest
    /// units.
    pub decimals: i32,
}

/// A code printed on a product or on a pack of it.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(directive = shared::apply())]
pub struct Barcode {
    /// A GTIN, whose check digit was verified, or any other code.
    pub code: String,
    /// Number of smallest units in the pack: 12 for the barcode of a case of twelve.
    pub pack_quantity: Quantity,
}

/// Option that distinguishes a variant in its family.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(directive = shared::apply())]
pub struct ProductOption {
    /// Name of the option in the family.
    pub name: String,
    /// Value of the option for this product.
    pub value: String,
}

/// Product that is sold and counted under one SKU; a variant is a product of a family.
#[derive(Clone)]
pub struct Product {
    pub row: Arc<ProductRow>,
    /// Set if the product was just written; looked up otherwise.
    barcodes: Option<Arc<Vec<product::Barcode>>>,
}

impl From<Arc<ProductRow>> for Product {
    fn from(row: Arc<ProductRow>) -> Self {
        Self { row, barcodes: None }
    }
}
impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Arc::new(row).into()
    }
}
impl From<ProductDoc> for Product {
    fn from(document: ProductDoc) -> Self {
        Self { row: Arc::new(document.row), barcodes: Some(Arc::new(document.barcodes)) }
    }
}

/// Product that is sold and counted under one SKU; a variant is a product of a family. Price and
/// cost are for one whole unit.
#[resolvers(shared)]
impl Product {
    /// TypeID of the product, which begins with prd_.
    pub async fn id(&self) -> ID {
        ID(self.row.id.to_string())
    }
    /// SKU, unique in the tenant; case is ignored.
    async fn sku(&self) -> &str {
        &self.row.sku
    }
    /// Earlier SKUs of the product, the latest last.
    async fn former_skus(&self) -> Vec<String> {
        self.row.former_sku_list()
    }
    /// Barcodes of the product and of its packs.
    async fn barcodes(&self, ctx: &Context<'_>) -> Answer<Vec<Barcode>> {
        let barcodes = match &self.barcodes {
            Some(barcodes) => barcodes.clone(),
            None => catalog_loaders(ctx)?.barcodes(self.row.id).await?,
        };
        let shape = |barcode: &product::Barcode| {
            let pack = entity::prelude::Quantity::new(barcode.pack_quantity).unwrap_or(entity::prelude::Quantity::ONE);
            Barcode { code: barcode.code.clone(), pack_quantity: pack.into() }
        };
        Ok(barcodes.iter().map(shape).collect())
    }
    /// Name of the product.
    async fn name(&self) -> &str {
        &self.row.name
    }
    /// Description of the product; empty when none was given.
    async fn description(&self) -> &str {
        self.row.description.as_deref().unwrap_or_default()
    }
    /// Status of the product.
    async fn status(&self) -> ProductStatus {
        self.row.status.into()
    }
    /// Stock policy of the product.
    async fn stock_policy(&self) -> StockPolicy {
        self.row.stock_policy.into()
    }
    /// Category of the product. Null when it has none.
    #[field(permit = ProductRead)]
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let row = async {
            let Some(id) = self.row.category_id else { return Ok(None) };
            catalog_loaders(ctx)?.category(id).await
        };
        row.await.transpose().map(|row| row.map(Category))
    }
    /// Supplier from which the product is bought. Null when none is set.
    #[field(permit = ProductRead)]
    async fn supplier(&self, ctx: &Context<'_>) -> Option<Answer<Supplier>> {
        let row = async {
            let Some(id) = self.row.supplier_id else { return Ok(None) };
            catalog_loaders(ctx)?.supplier(id).await
        };
        row.await.transpose().map(|row| row.map(Supplier))
    }
    /// Family of which the product is a variant. Null when it is a variant of none.
    #[field(permit = ProductRead)]
    async fn family(&self, ctx: &Context<'_>) -> Option<Answer<ProductFamily>> {
        let row = async {
            let Some(id) = self.row.family_id else { return Ok(None) };
            catalog_loaders(ctx)?.family(id).await
        };
        row.await.transpose().map(|row| row.map(ProductFamily))
    }
    /// Options that distinguish the variant, in the family's order; empty without a family.
    async fn options(&self) -> Vec<ProductOption> {
        self.row.option_list().into_iter().map(|option| ProductOption { name: option.name, value: option.value }).collect()
    }
    /// Components of one kit; empty when the product is not a kit. A kit has no stock of its own:
    /// see `availability`.
    #[field(list_size(assumed = 5), permit = ProductRead)]
    async fn components(&self, ctx: &Context<'_>) -> Answer<Vec<KitComponent>> {
        if !self.row.is_kit {
            return Ok(Vec::new());
        }
        Ok(catalog_loaders(ctx)?.components(self.row.id).await?.iter().copied().map(KitComponent).collect())
    }
    /// Kits of which the product is a component, by SKU.
    #[field(list_size(assumed = 5), permit = ProductRead)]
    async fn kits(&self, ctx: &Context<'_>) -> Answer<Vec<Product>> {
        let loads = catalog_loaders(ctx)?;
        let ids = loads.kits(self.row.id).await?;
        let rows = loads.load_products(ids.to_vec()).await?;
        Ok(ids.iter().filter_map(|id| rows.get(id)).cloned().map(Product::from).collect())
    }
    /// Unit in which the product is counted.
    async fn unit(&self) -> Unit {
        Unit { code: self.row.unit_code.clone(), decimals: self.row.unit_decimals }
    }
    /// Selling price of one whole unit. Null when none is set.
    async fn price(&self) -> Option<Money> {
        self.row.price.map(Money::from)
    }
    /// Cost of one whole unit; for a kit, the sum of the components' costs. Null when no cost is
    /// set, or a component has none or one in another currency.
    #[field(mask = ProductCostRead)]
    async fn unit_cost(&self, ctx: &Context<'_>) -> Option<Answer<Money>> {
        if self.row.is_kit {
            return Box::pin(cost_of(ctx, &self.row)).await.transpose();
        }
        self.row.unit_cost.map(|cost| Ok(cost.into()))
    }
    /// Available quantity, in smallest units, at or below which stock is low in stores without a
    /// reorder point of their own. Null when none is set.
    async fn low_stock_threshold(&self) -> Option<Quantity> {
        self.row.low_stock_threshold.and_then(entity::prelude::Quantity::new).map(Quantity)
    }
    /// Tracking of the product's stock: none, by lots or by serial numbers.
    async fn tracking(&self) -> Tracking {
        self.row.tracking.into()
    }
    /// Days that must remain until the expiry of a lot for it to be picked for a sale, 0 to 36,500. Default 0.
    async fn minimum_remaining_days(&self) -> i32 {
        self.row.minimum_remaining_days.unwrap_or_default()
    }
    /// Weight of one whole unit with its packaging, in grams: 0 to 1,000,000,000. Null when it is not known.
    async fn weight_grams(&self) -> Option<i32> {
        self.row.goods.weight_grams
    }
    /// Length of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when it is not known.
    async fn length_mm(&self) -> Option<i32> {
        self.row.goods.length_mm
    }
    /// Width of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when it is not known.
    async fn width_mm(&self) -> Option<i32> {
        self.row.goods.width_mm
    }
    /// Height of one whole unit with its packaging, in millimetres: 0 to 1,000,000. Null when it is not known.
    async fn height_mm(&self) -> Option<i32> {
        self.row.goods.height_mm
    }
    /// Country in which the product was made: an ISO 3166 code of two letters. Null when it is not
    /// known.
    async fn origin_country(&self) -> Option<&str> {
        self.row.goods.origin_country.as_deref()
    }
    /// Number of the product in the customs tariff, 6 to 10 digits. Null when it has none.
    async fn tariff_number(&self) -> Option<&str> {
        self.row.goods.tariff_number.as_deref()
    }
    /// Tags of the product, at most 50, in the order in which they were given.
    async fn tags(&self) -> Vec<String> {
        self.row.goods.tags.clone()
    }
    /// Pictures of the product, in their order.
    #[field(list_size(assumed = 20))]
    async fn images(&self, ctx: &Context<'_>) -> Answer<Vec<ProductImage>> {
        images_of(ctx, self.row.id).await
    }
    /// Documents of the product, the oldest first.
    #[field(list_size(assumed = 20))]
    async fn documents(&self, ctx: &Context<'_>) -> Answer<Vec<ProductDocument>> {
        documents_of(ctx, self.row.id).await
    }
    /// Custom data: a JSON object.
    async fn metadata(&self) -> Json {
        Json::from_text(&self.row.metadata)
    }
    /// Version of the product: 1 when it was created, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.row.version)
    }
    /// Time of the last change of the product.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.row.updated_at)
    }
    /// Time at which the product was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.row.created_at)
    }
    /// Stock levels of the product, in all stores or in the given ones.
    #[field(list_size(assumed = 20, arguments("stores")))]
    async fn stock(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores to include; a store that does not exist has no level. Null for all.")] stores: Option<
            Vec<StoreRef>,
        >,
    ) -> Answer<Levels> {
        Box::pin(levels_of_product(ctx, self.row.id, stores)).await
    }
    /// Available quantity by store, in all stores or in the given ones, including stores whose other quantities you may not see. For a kit, the number of
    /// whole kits that the components suffice for.
    #[field(permit = StockAvailabilityRead, list_size(assumed = 20, arguments("stores")))]
    async fn availability(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores to include; a store that does not exist has nothing. Null for all.")] stores: Option<
            Vec<StoreRef>,
        >,
    ) -> Answer<Vec<StockAvailability>> {
        if self.row.is_kit {
            return Box::pin(availability_of_kit(ctx, &permit, &self.row, stores)).await;
        }
        availability_of_product(ctx, &permit, self.row.id, stores).await
    }
}

/// A page of products.
pub struct ProductConnection(CountedPage<Product>);
connection!(@edge ProductEdge, Product, "products");
impl From<CountedPage<Product>> for ProductConnection {
    fn from(page: CountedPage<Product>) -> Self {
        Self(page)
    }
}

/// A page of products.
#[resolvers(connection(0, ProductEdge, Product))]
impl ProductConnection {
    /// The nodes alone.
    async fn nodes(&self) -> direct_json::Products {
        direct_json::Products(self.0.page.clone())
    }
}
